"""Bounds how often a new version of one device's policy is taken in: each makes this node read and judge again.

A policy of 300 bytes is quickly signed, and every node of a mesh has to work on it. So there is a least pause between the
versions of one register. A few at once are always taken: somebody who meets many people in one evening notices nothing.
Beyond that a version that gives something is refused for now, and the latest one is asked for when the pause is over. A
version that takes something back, by its minimum valid version, is never put off: where even these come too fast, its
header is kept, so that nothing of the older one holds, and only its body has to wait.
"""

from __future__ import annotations

from meshnode.clock import Clock
from protocol import DeviceId, PersonId, limits

_Register = tuple[PersonId, DeviceId]


class PolicyPace:
    """Counts the versions of policies that were taken. Used in the store thread; it forgets with the program's end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rested: dict[tuple[_Register, bool], float] = {}  # until when what was taken counts, in monotonic seconds
        self._refused: dict[_Register, bool] = {}  # whether the version refused last takes something back

    def take(self, register: _Register, *, takes_back: bool) -> bool:
        """Whether one more version of the register may be taken now; it is counted if so."""
        now, key = self._clock.monotonic(), (register, takes_back)
        if not self._is_open(key, now):
            self._refused[register] = takes_back
            return False
        self._refused.pop(register, None)
        if key not in self._rested:
            self._forget_rested(now)
        self._rested[key] = max(self._rested.get(key, now), now) + _pause(takes_back)
        return True

    def is_over(self, register: _Register) -> bool:
        """Whether the version that was refused last would be taken now."""
        return self._is_open((register, self._refused.get(register, False)), self._clock.monotonic())

    def _is_open(self, key: tuple[_Register, bool], now: float) -> bool:
        takes_back = key[1]
        most = limits.POLICY_TAKING_BACK_AT_ONCE if takes_back else limits.POLICY_VERSIONS_AT_ONCE
        return self._rested.get(key, now) - now <= (most - 1) * _pause(takes_back)

    def _forget_rested(self, now: float) -> None:
        """Forget registers of which nothing counts any longer, and where there are too many those that rest soonest."""
        if len(self._rested) < limits.POLICY_PACES_REMEMBERED:
            return
        by_end = sorted(self._rested.items(), key=lambda one: one[1])
        spare = len(by_end) // 2
        self._rested = {key: end for number, (key, end) in enumerate(by_end) if end > now and number >= spare}
        self._refused = {register: kind for register, kind in self._refused.items() if (register, kind) in self._rested}


def _pause(takes_back: bool) -> float:
    return limits.POLICY_TAKING_BACK_PAUSE_SECONDS if takes_back else limits.POLICY_PAUSE_SECONDS
