"""Tells whether the machine has been asleep: others may have given up its connections, and it need not be where it was."""

from __future__ import annotations

import time
from collections.abc import Callable

ASLEEP_SECONDS = 5.0  # shorter sleeps end no connection


def _asleep_so_far() -> float:
    """Return for how many seconds this machine has been asleep since it started; 0 where the system does not say."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return 0.0 if boot is None else time.clock_gettime(boot) - time.clock_gettime(time.CLOCK_MONOTONIC)


class SleepWatch:
    """Compares two clocks of the machine, of which one stands still while it is asleep."""

    def __init__(self, asleep_so_far: Callable[[], float] = _asleep_so_far) -> None:
        self._asleep_so_far = asleep_so_far
        self._before = asleep_so_far()

    def has_slept(self) -> bool:
        """Whether the machine has been asleep for a while since the last call."""
        before, self._before = self._before, self._asleep_so_far()
        return self._before - before >= ASLEEP_SECONDS
