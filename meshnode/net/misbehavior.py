"""Remembers who broke the protocol, by the person who answers for them, and for a while.

A forged record or an unsolicited frame ends one session, and a Sybil loses nothing by that: the next one calls. So faults
are counted for the introducer, as the peer scores of gossipsub v1.1 count invalid messages for a peer
(github.com/libp2p/specs, pubsub/gossipsub, "Peer Scoring"): the count decays with time, a few faults are tolerated, and
what is beyond counts squared. While a count is beyond what is tolerated, people for whom that introducer answers are told
to come back later, before they have cost anything. An introducer is turned away only for faults of their own devices,
since the others may have deceived them too.

Counts are kept in memory and end with the program. They decay within hours, nobody outside can make this node start
again, and a fault that turns out to be a bug of ours must not outlive the update that corrects it.
"""

from __future__ import annotations

import math

from msgspec import Struct

from protocol import PersonId, limits

HALF_LIFE_SECONDS = 3600.0  # after which a fault counts half: an accident of today is forgotten tomorrow
TOLERATED = 4.0  # faults: versions of the program differ, and a line may break off at an odd place
PAUSE_SECONDS = 4.0  # times the square of the faults beyond those: 17 faults in a row reach the longest pause
ACCOUNTS_KEPT = 256  # the least guilty are forgotten first
NEGLIGIBLE = 0.1  # a count below it is forgotten


class _Count(Struct):
    """Faults of everybody for whom one introducer answers, and those of the introducer alone; as of the time `at`."""

    everybody: float
    alone: float
    at: float


class Misbehavior:
    """The faults of all accounts. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._counts: dict[PersonId, _Count] = {}

    def note(self, account: PersonId, person: PersonId, now: float) -> None:
        """Count one fault of `person`, for whom `account` answers."""
        count = self._count(account, now)
        count.everybody += 1.0
        if person == account:
            count.alone += 1.0
        self._counts[account] = count
        if len(self._counts) > ACCOUNTS_KEPT:
            self._forget(now)

    def turned_away(self, account: PersonId, person: PersonId, now: float) -> int:
        """Return in how many seconds `person` is to come back; 0 if a connection of theirs may begin now."""
        count = self._count(account, now)
        beyond = (count.alone if person == account else count.everybody) - TOLERATED
        return min(limits.BUSY_PAUSE_MAX, math.ceil(PAUSE_SECONDS * beyond * beyond)) if beyond > 0 else 0

    def named(self, now: float) -> list[PersonId]:
        """Return the accounts whose people have broken the protocol more often than is tolerated, the worst first."""
        counts = {account: self._count(account, now).everybody for account in self._counts}
        return sorted((one for one in counts if counts[one] > TOLERATED), key=lambda one: (-counts[one], one))

    def _count(self, account: PersonId, now: float) -> _Count:
        """Return the count of this account, decayed until now."""
        known = self._counts.get(account)
        if known is None:
            return _Count(0.0, 0.0, now)
        left = 0.5 ** ((now - known.at) / HALF_LIFE_SECONDS)
        return _Count(known.everybody * left, known.alone * left, now)

    def _forget(self, now: float) -> None:
        """Keep the counts that matter, and of them the highest."""
        counts = {account: self._count(account, now) for account in self._counts}
        worst = sorted(counts, key=lambda one: -counts[one].everybody)[:ACCOUNTS_KEPT]
        self._counts = {account: counts[account] for account in worst if counts[account].everybody >= NEGLIGIBLE}
