"""Remembers what one peer has shown and this node could not take then, until the reason has gone.

A session counts everything that it was shown as held by the peer, so nothing is shown twice. What was refused for a reason
that can change is therefore noted here with that reason, whichever it is: who may have the record, the clock, or room. As
soon as the reason has gone, the session asks for the record again; it does not wait for the next session.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from meshnode.clock import Clock
from meshnode.replica.access import Access, AccessKey, AccessPolicy, access_key
from meshnode.replica.quota import Charge, Quota, Shortage
from meshnode.replica.standing_tracker import StandingTracker
from meshnode.store import Row
from meshnode.store.records import RecordStore
from protocol import Kind, PersonId, Record, RecordId, limits
from protocol.session import turn_of
from protocol.wire import Item

CHECK_SECONDS = 5.0  # between two looks at clock, disk and room: each costs next to nothing
CHECK_SECONDS_MAX = 600.0  # where what was asked for again was refused again
ASKED_AT_ONCE = 1024  # as many as one commit takes
RENEW_SECONDS = 600.0  # a session that could not remember all it refused ends after this, and begins again

NOT_ALLOWED, LOST, EXPIRED = "not allowed", "lost", "expired"
"""Reasons beside a Shortage: the owner may not have it, or not any longer, or it has expired by this node's clock."""
_BY_TRUST = frozenset({NOT_ALLOWED, LOST})

NotTaken = Shortage | str


class RefusedRecord(NamedTuple):
    """A record that is not taken now: what of it is needed to know when to ask for it again.

    `key` is that of the access decision, None where it was not looked at; `expires` is in UNIX seconds.
    """

    item: Item
    kind: int
    reason: NotTaken
    key: AccessKey | None
    charge: Charge
    expires: int

    @classmethod
    def of(cls, record: Record, reason: NotTaken, key: AccessKey | None, charge: Charge) -> RefusedRecord:
        """Return the refusal of `record` for this reason."""
        header = record.header
        return cls((header.created, record.id), header.kind, reason, key, charge, header.expires)


def evicted(row: Row, size: int) -> RefusedRecord:
    """Return the refusal of a record of `size` bytes that was held here and made way for others."""
    charge = Charge(row.author, row.kind, size)
    return RefusedRecord((row.created, row.id), row.kind, Shortage.INTRODUCER, access_key(row), charge, row.expires)


def lost(row: Row) -> RefusedRecord:
    """Return the refusal of a record that was held here and may not be any longer."""
    charge = Charge(row.author, row.kind, 0)
    return RefusedRecord((row.created, row.id), row.kind, LOST, access_key(row), charge, row.expires)


class Refusals:
    """Keeps a list of the records of one session that `peer` has shown and this node could not take.

    `note` takes in refusals; `follow_trust` and `check` return those whose reason has gone and forget them. The caller
    calls the first after every change of trust, and the second when `next_check` has come. Times without a unit are
    seconds on the caller's clock, which never goes back. Used in the store thread.
    """

    def __init__(
        self, records: RecordStore, access: AccessPolicy, quota: Quota, clock: Clock, me: PersonId, peer: PersonId
    ) -> None:
        self._records = records
        self._access = access
        self._quota = quota
        self._clock = clock
        self._me = me
        self._peer = peer
        self._refused: dict[RecordId, RefusedRecord] = {}
        self._lately: set[RecordId] = set()
        self._asked: set[RecordId] = set()
        self._in_vain = False
        self._pause = CHECK_SECONDS
        self._tracker = StandingTracker(access.trust_state, me)
        self._counts: Counter[NotTaken] = Counter()
        self._seen: tuple[object, ...] = ()
        self._begun: float | None = None
        self.forgotten = 0
        """How many there was no room to remember."""
        self.next_check: float | None = None
        self.missing: tuple[tuple[NotTaken, int], ...] = ()
        """How many are refused now for each reason, apart from those that the owner may not have."""

    def note(self, refusals: Iterable[RefusedRecord], now: float) -> None:
        """Remember these. Where they had been asked for again, the next look comes later."""
        self._begun = now if self._begun is None else self._begun
        for refusal in refusals:
            record_id = refusal.item[1]
            self._in_vain = self._in_vain or record_id in self._asked
            if record_id not in self._refused and len(self._refused) >= limits.REFUSED_REMEMBERED:
                self.forgotten += 1
                continue
            self._forget(record_id)
            self._refused[record_id] = refusal
            self._counts[refusal.reason] += 1
            self._lately.add(record_id)
        self._report()
        if self.next_check is None and (self.missing or self.forgotten):
            self._seen = ()  # others may have made way when it was refused
            self.next_check = now + self._pause

    def follow_trust(self) -> list[RefusedRecord]:
        """Return those that the owner may have now, or that need not wait any longer, and forget them.

        Those noted lately are decided about in any case: their batch may have been committed after the last change.
        """
        if not self._refused:
            return []
        moved, lately = self._tracker.since_last(), self._lately
        self._lately = set()
        ready = []
        for record_id, refusal in list(self._refused.items()):
            key = refusal.key
            if key is None or not (refusal.reason in _BY_TRUST or refusal.reason is Shortage.WAITING):
                continue
            unsure = moved is None or moved.groups or key[1] in moved or record_id in lately
            if unsure and self._decided(refusal, key):
                ready.append(refusal)
        return self._released(ready)

    def check(self, now: float) -> list[RefusedRecord]:
        """Return those that clock, disk and room let in now, and forget them; set the time of the next look."""
        if self.next_check is None or now < self.next_check:
            return []
        self._pause = min(2 * self._pause, CHECK_SECONDS_MAX) if self._in_vain else CHECK_SECONDS
        self._in_vain, self._asked = False, set()
        seen, self._seen = self._seen, self._look()
        ready = [] if seen == self._seen else self._released(list(self._let_in_now()))
        self._asked = {refusal.item[1] for refusal in ready}
        self.next_check = now + self._pause if self.missing or self._asked or self.forgotten else None
        if len(ready) == ASKED_AT_ONCE:
            self._seen = ()  # there may be room for more
        return ready

    def begin_again(self, now: float) -> bool:
        """Whether the session should end and begin again, since more was refused than could be remembered."""
        return (
            self.forgotten > 0 and not self.missing and self._begun is not None and now >= self._begun + RENEW_SECONDS
        )

    # --- inside ------------------------------------------------------------------------------------------------------

    def _decided(self, refusal: RefusedRecord, key: AccessKey) -> bool:
        """Whether trust keeps it out no longer."""
        decision = self._access.decide(self._me, key)
        if refusal.reason == NOT_ALLOWED:
            return decision is not Access.DENY
        if refusal.reason == LOST:
            return decision is Access.ALLOW
        if not self._access.trust_state.certified(key[1], key[2]):
            return False
        return refusal.kind == Kind.POLICY or decision is not Access.UNKNOWN

    def _look(self) -> tuple[object, ...]:
        """Return what must differ for anything to be let in."""
        self._clock.look()  # nobody tells when the machine's clock is set
        version = self._access.version  # who answers for whom
        return self._records.freed, self._quota.disk_is_full, self._clock.generation, version

    def _let_in_now(self) -> Iterator[RefusedRecord]:
        """Yield those that would be taken now, in the order in which they are of use."""
        reading, disk_is_full, room = self._clock.reading(), self._quota.disk_is_full, self._quota.room(self._peer)
        left = ASKED_AT_ONCE
        for refusal in sorted(self._refused.values(), key=self._order):
            if refusal.reason in _BY_TRUST:
                continue
            if refusal.reason == EXPIRED:
                fits = not reading.trusted or refusal.expires > reading.now
            elif disk_is_full:
                fits = False
            else:
                fits = room.take_waiting() if refusal.reason is Shortage.WAITING else room.take(refusal.charge)
            if fits:
                yield refusal
                left -= 1
            if not left:
                return

    def _order(self, refusal: RefusedRecord) -> tuple[int, int, PersonId]:
        """Return the sort key of what is asked for again: what is of use first, and of that the nearest people's."""
        author = refusal.charge.author
        return turn_of(refusal.kind), self._quota.distance(author), author

    def _released(self, ready: list[RefusedRecord]) -> list[RefusedRecord]:
        for refusal in ready:
            self._forget(refusal.item[1])
        self._report()
        return ready

    def _forget(self, record_id: RecordId) -> None:
        refusal = self._refused.pop(record_id, None)
        if refusal is not None:
            self._counts[refusal.reason] -= 1
            self._lately.discard(record_id)

    def _report(self) -> None:
        self.missing = tuple(
            (reason, count) for reason, count in self._counts.items() if count and reason not in _BY_TRUST
        )
