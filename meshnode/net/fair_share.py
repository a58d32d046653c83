"""How much of the desk's time one person's connections may take: plenty at first, then a share.

Whoever has much to bring is not slowed down. But a member who changes his mind a thousand times, each time making this
node judge everything anew, would keep it busy for ever; so what he has used up beyond a burst is given back slowly, and
until then his connections are not read.
"""

from __future__ import annotations

from protocol import PersonId, limits

PAUSE_MAX = 10.0  # seconds: his signs of life must still be heard in time
PEOPLE_KEPT = 256  # beyond it, who owes nothing is forgotten


class FairShare:
    """The accounts of one node. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._owed: dict[PersonId, tuple[float, float]] = {}  # seconds at the desk not given back, as of a time

    def spend(self, person: PersonId, seconds: float, now: float) -> None:
        """His connections have kept the desk busy for so long."""
        self._owed[person] = (self._owes(person, now) + seconds, now)
        if len(self._owed) > PEOPLE_KEPT:
            self._owed = {who: (owed, now) for who in self._owed if (owed := self._owes(who, now)) > 0}

    def pause(self, person: PersonId, now: float) -> float:
        """For how long he is to wait before he is heard again."""
        over = self._owes(person, now) - limits.WORK_BURST_SECONDS
        return min(PAUSE_MAX, max(0.0, over) / limits.WORK_SHARE)

    def _owes(self, person: PersonId, now: float) -> float:
        owed, at = self._owed.get(person, (0.0, now))
        return max(0.0, owed - (now - at) * limits.WORK_SHARE)
