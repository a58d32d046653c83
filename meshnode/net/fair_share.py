"""Limits how much of the store thread's time one person's connections may take: a burst first, then a share.

A person who brings much at once is not slowed down. But one who changes their mind a thousand times, each time making
this node reevaluate its records, would keep it busy forever. So time used beyond the burst is a debt that shrinks
slowly, and until it is paid the person's connections are not read.
"""

from __future__ import annotations

from protocol import PersonId, limits

PAUSE_MAX = 10.0  # seconds: Ping frames must still be read in time
PEOPLE_KEPT = 256  # beyond it, people without a debt are forgotten


class FairShare:
    """The debts of all people, in seconds of the store thread. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._debts: dict[PersonId, tuple[float, float]] = {}  # how much, and as of when

    def spend(self, person: PersonId, seconds: float, now: float) -> None:
        """Add the time that this person's connections have just used."""
        self._debts[person] = (self._debt(person, now) + seconds, now)
        if len(self._debts) > PEOPLE_KEPT:
            self._debts = {one: (debt, now) for one in self._debts if (debt := self._debt(one, now)) > 0}

    def pause(self, person: PersonId, now: float) -> float:
        """Return for how many seconds this person's connections are not to be read."""
        over = self._debt(person, now) - limits.WORK_BURST_SECONDS
        return min(PAUSE_MAX, max(0.0, over) / limits.WORK_SHARE)

    def _debt(self, person: PersonId, now: float) -> float:
        debt, at = self._debts.get(person, (0.0, now))
        return max(0.0, debt - (now - at) * limits.WORK_SHARE)
