"""Limits the rate of what a peer, or this node, may do, so that neither can keep the other busy."""

from __future__ import annotations


class RateLimit:
    """Allows at most `limit` units within a window of `seconds`. The first unit opens a window; after it, counting restarts.

    Times are seconds on any clock that never goes back. Within two windows in a row twice the limit can come close
    together, so a receiver that must never refuse an honest sender allows twice what senders keep to.
    """

    __slots__ = ("_limit", "_resets_at", "_seconds", "_spent")

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._spent = 0
        self._resets_at = float("-inf")

    @property
    def resets_at(self) -> float:
        """The end of the window that was opened last; minus infinity before the first unit."""
        return self._resets_at

    def left(self, now: float) -> int:
        """Return how many units may still be spent at `now`; 0 if the limit is reached or passed."""
        return self._limit if now >= self._resets_at else max(0, self._limit - self._spent)

    def spend(self, units: int, now: float) -> bool:
        """Count `units`, and return whether the limit still holds."""
        if now >= self._resets_at:
            self._spent = 0
            self._resets_at = now + self._seconds
        self._spent += units
        return self._spent <= self._limit
