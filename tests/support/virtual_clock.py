"""Gives simulated nodes real clocks on machines whose time is the simulation's."""

from __future__ import annotations

from collections.abc import Callable

from meshnode.clock import Clock, ClockMemory, Machine
from protocol import limits

EPOCH = 1_800_000_000  # where virtual time begins, UNIX seconds


class VirtualMachine(Machine):
    """A machine whose time is the simulation's, its clock off by `error` seconds."""

    def __init__(self, time: Callable[[], float], error: float = 0.0) -> None:
        self._time = time
        self.error = error
        self.started_at = time()
        self.starts = 1
        self.is_synchronized = False

    def wall(self) -> float:
        return EPOCH + self._time() + self.error

    def running(self) -> float:
        return self._time() - self.started_at

    def boot_id(self) -> str:
        return f"start {self.starts}"

    def synchronized(self) -> bool:
        return self.is_synchronized

    def start_again(self) -> None:
        """Switch it off and on."""
        self.started_at = self._time()
        self.starts += 1


class VirtualClock(Clock):
    """A node's real clock on a machine in the simulation."""

    def __init__(self, machine: VirtualMachine, memory: ClockMemory | None = None) -> None:
        self.machine = machine
        self.memory = memory if memory is not None else ClockMemory(floor=EPOCH - limits.DAY, careful=EPOCH)
        super().__init__(self.memory, self._keep, machine=machine)

    def _keep(self, memory: ClockMemory) -> None:
        self.memory = memory

    def restarted(self) -> VirtualClock:
        """Return the clock of the same node after a restart of the program, or of the machine if that has started again."""
        return VirtualClock(self.machine, self.memory)

    @property
    def error(self) -> float:
        """How far the machine's clock is off."""
        return self.machine.error

    @error.setter
    def error(self, seconds: float) -> None:
        self.machine.error = seconds
