"""Says when the initiator of a live session compares again: soon after a change, and less and less often while there is none.

A comparison finds what a lost announcement or a colliding hash has hidden. Both need something that has changed, and each
comparison wakes two machines several times.
"""

from __future__ import annotations

from protocol.limits import LIVE_COMPARE_SECONDS, RECHECK_MAX_SECONDS, RECHECK_SECONDS


class Rechecks:
    """Keeps the time of the next comparison of one session. Times are seconds on the session's clock."""

    def __init__(self) -> None:
        self._due = float("inf")
        self._pause = RECHECK_SECONDS
        self._changed = True  # since the last comparison, or in it
        self._unplanned = False  # a change came, and it is not known yet what time it was

    def settled(self, now: float) -> None:
        """Note that a comparison is over."""
        self._pause = RECHECK_SECONDS if self._changed else min(2 * self._pause, RECHECK_MAX_SECONDS)
        self._changed = self._unplanned = False
        self._due = now + self._pause

    def changed(self) -> None:
        """Note that one of the sets has changed, or that the peer has said something that may change them."""
        self._changed = self._unplanned = True

    def advance_to(self, now: float) -> None:
        """Let time pass until `now`: the next comparison follows the changes noted so far by RECHECK_SECONDS at most."""
        if self._unplanned:
            self._unplanned = False
            self._due = min(self._due, now + RECHECK_SECONDS)

    def next_timer(self, now: float) -> float:
        """Return when to call `advance_to` and `is_due` again; `now` is the latest time known."""
        return min(self._due, now + RECHECK_SECONDS) if self._unplanned else self._due

    def is_due(self, now: float) -> bool:
        """Whether to compare again now. If so, it is due again after a while, should nothing be comparable now."""
        if now < self._due:
            return False
        self._due = now + LIVE_COMPARE_SECONDS
        return True
