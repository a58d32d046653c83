"""Bounds how often others can make this node call at addresses of their choice.

Somebody in the web can announce a printer's address as their own, again and again, and anybody can name addresses on a
card. A call there brings 66 bytes that say nothing, and still may disturb. So calls at addresses that are only announced
are counted for the person who answers for the one announced there, and an address on a card is tried a certain number of
times, unless the person was met there.
"""

from __future__ import annotations

from protocol import PersonId, RateLimit

KNOCKS_MAX = 32  # at announced addresses, by the people of one introducer, without meeting them: enough for a meeting
KNOCKS_SECONDS = 600.0
CARD_TRIES_MAX = 64  # at an address on a card since our network has changed: more than two days in all
ACCOUNTS_KEPT = 256


class Knocks:
    """Counts the calls at announced addresses that have led to nobody. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._counts: dict[PersonId, RateLimit] = {}

    def may_knock_at(self, account: PersonId, now: float) -> float:
        """Return from when on a person of this account may be called where they were announced."""
        count = self._counts.get(account)
        return now if count is None or count.left(now) else count.resets_at

    def note(self, account: PersonId, now: float) -> None:
        """Count a call that has led to nobody."""
        if account not in self._counts and len(self._counts) >= ACCOUNTS_KEPT:
            del self._counts[min(self._counts, key=lambda one: self._counts[one].resets_at)]
        self._counts.setdefault(account, RateLimit(KNOCKS_MAX, KNOCKS_SECONDS)).spend(1, now)

    def forget(self) -> None:
        """Forget all calls: our own network or contacts have changed."""
        self._counts.clear()
