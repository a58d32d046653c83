"""Limits how much of the store thread's time the connections of one account may take: a burst first, then a share.

An account is that of an introducer (see `app.peers.accounts`): all people for whom one of the owner's contacts answers
share it, so Sybils behind one contact get no more time than that contact. Those for whom nobody answers share one
smaller account. A person who brings much at once is not slowed down. But one who changes their mind a thousand times,
each time making this node reevaluate its records, would keep it busy forever. So time used beyond the burst is a debt
that shrinks slowly, and until it is paid the connections of that account are not read, and new ones are turned away
before they have cost anything. Time that others do not use is not lent: it is the owner's battery.
"""

from __future__ import annotations

import math

from meshnode.app.peers.accounts import NOBODY
from protocol import PersonId, limits

PAUSE_MAX = 10.0  # seconds: Ping frames must still be read in time
ACCOUNTS_KEPT = 256  # beyond it, accounts without a debt are forgotten


class FairShare:
    """The debts of all accounts, in seconds of the store thread. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._debts: dict[PersonId, tuple[float, float]] = {}  # how much, and as of when

    def spend(self, account: PersonId, seconds: float, now: float) -> None:
        """Add the time that connections of this account have just used."""
        self._debts[account] = (self._debt(account, now) + seconds, now)
        if len(self._debts) > ACCOUNTS_KEPT:
            self._debts = {one: (debt, now) for one in self._debts if (debt := self._debt(one, now)) > 0}

    def pause(self, account: PersonId, now: float) -> float:
        """Return for how many seconds open connections of this account are not to be read."""
        return min(PAUSE_MAX, self._overdue(account, now))

    def turned_away(self, account: PersonId, now: float) -> int:
        """Return in how many seconds a new connection of this account is to come back; 0 if it may begin now."""
        return min(limits.BUSY_PAUSE_MAX, math.ceil(self._overdue(account, now)))

    def _overdue(self, account: PersonId, now: float) -> float:
        """Return after how many seconds enough of the debt is paid."""
        over = self._debt(account, now) - limits.WORK_BURST_SECONDS * _part(account)
        return max(0.0, over) / (limits.WORK_SHARE * _part(account))

    def _debt(self, account: PersonId, now: float) -> float:
        debt, at = self._debts.get(account, (0.0, now))
        return max(0.0, debt - (now - at) * limits.WORK_SHARE * _part(account))


def _part(account: PersonId) -> float:
    """Return the part of an introducer's time that this account gets."""
    return limits.WORK_OF_STRANGERS if account == NOBODY else 1.0
