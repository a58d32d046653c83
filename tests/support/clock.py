"""A clock that moves only when the test moves it."""

from __future__ import annotations

from meshnode.clock import Clock, ClockMemory, Machine
from tests.support.people import NOW


class FakeMachine(Machine):
    """A machine whose clocks the test sets: `shown` in UNIX seconds, `passed` since it started, `starts` times."""

    def __init__(self, shown: float = NOW) -> None:
        self.shown = shown
        self.passed = 1000.0
        self.starts = 1
        self.is_synchronized = False

    def wall(self) -> float:
        return self.shown

    def running(self) -> float:
        return self.passed

    def boot_id(self) -> str:
        return f"start {self.starts}"

    def synchronized(self) -> bool:
        return self.is_synchronized

    def advance(self, seconds: float) -> None:
        """Let time pass, as seen from everywhere."""
        self.shown += seconds
        self.passed += seconds

    def start_again(self, shown: float) -> None:
        """Switch the machine off and on; its clock shows `shown` then."""
        self.shown, self.passed = shown, 10.0
        self.starts += 1


class FakeClock(Clock):
    """A node's real clock on a machine whose time the test sets."""

    def __init__(
        self,
        shown: float = NOW,
        *,
        floor: int = 0,
        memory: ClockMemory | None = None,
        machine: FakeMachine | None = None,
    ) -> None:
        self.machine = machine if machine is not None else FakeMachine(shown)
        self.saved: list[ClockMemory] = []
        super().__init__(memory or ClockMemory(floor=floor), self.saved.append, machine=self.machine)

    def restarted(self) -> FakeClock:
        """Return the clock of the same node after a restart of the program, or of the machine if that has started again."""
        return FakeClock(memory=self.saved[-1] if self.saved else None, machine=self.machine)

    def advance(self, seconds: float) -> None:
        """Let time pass, as seen from everywhere."""
        self.machine.advance(seconds)

    def hears(self, *voices: tuple[bytes, float, int]) -> None:
        """Let these people tell their time and its stratum."""
        for person, time, level in voices:
            self.heard(person, int(time), level)
