"""Remembers what one peer has shown and this node could not take then, until the reason has gone.

A session counts everything that it was shown as held by the peer, so nothing is shown twice. What was refused for a reason
that can change is therefore noted here with that reason, whichever it is: who may have the record, the clock, or room. As
soon as the reason has gone, the session asks for the record again; it does not wait for the next session. Where the reason
holds until the next session with the same person, that one goes on from here, and the record is not brought again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from meshnode.clock import Clock
from meshnode.replica.access import Access, AccessPolicy
from meshnode.replica.access_keys import AccessKey
from meshnode.replica.quota import Charge, Quota, Shortage
from meshnode.replica.refusal_memory import PeerMemory
from meshnode.replica.refused_record import (
    APART,
    EXPIRED,
    LOST,
    NOT_ALLOWED,
    PAUSED,
    UNDECIDED,
    UNREADABLE,
    NotTaken,
    RefusedRecord,
    lost,
)
from meshnode.replica.standing_tracker import Moved, StandingTracker
from meshnode.replica.surroundings import may_differ, surroundings
from meshnode.slices import Steps, complete
from meshnode.store import Row
from meshnode.store.records import RecordStore
from protocol import DeviceId, Kind, PersonId, RecordId, limits
from protocol.session import Phase, RecordsReceived, phase_of, turn_of

CHECK_SECONDS = 5.0  # between two looks at clock, disk and room: each costs next to nothing
CHECK_SECONDS_MAX = 600.0  # where what was asked for again was refused again
STEP = 500  # refusals of earlier sessions that are looked at in one go, some 5 ms
ASKED_AT_ONCE = 1024  # as many as one commit takes
RENEW_SECONDS = 600.0  # a session that could not remember all it refused ends after this, and begins again

_BY_TRUST = frozenset({NOT_ALLOWED, LOST, APART, UNDECIDED})
_NEVER_BY_ITSELF = _BY_TRUST | {UNREADABLE}
_UNTOLD = _NEVER_BY_ITSELF | {PAUSED}


class Refusals:
    """Keeps a list of the records of one session that `peer` has shown and this node could not take.

    `resume` takes up what the peer has shown in earlier sessions; `note` takes in refusals; `follow_trust` and `check`
    return those whose reason has gone and forget them. The caller calls the first of these two after every change of trust,
    and the second when `next_check` has come. Times without a unit are seconds on the caller's clock, which never goes
    back. `memory` keeps what the peer has shown for later sessions. Used in the store thread.
    """

    def __init__(
        self,
        records: RecordStore,
        access: AccessPolicy,
        quota: Quota,
        clock: Clock,
        me: PersonId,
        peer: PersonId,
        memory: PeerMemory,
    ) -> None:
        self._records = records
        self._access = access
        self._quota = quota
        self._clock = clock
        self._me = me
        self._peer = peer
        self._memory = memory
        self._refused: dict[RecordId, RefusedRecord] = {}
        self._paused: dict[tuple[PersonId, DeviceId], RecordId] = {}  # of each register the version that came last
        self._lately: set[RecordId] = set()
        self._asked: set[RecordId] = set()
        self._in_vain = False
        self._pause = CHECK_SECONDS
        self._tracker = StandingTracker(access.trust_state, me)
        self._counts: Counter[NotTaken] = Counter()
        memory.watch(self)
        self._seen: tuple[object, ...] = ()
        self._begun: float | None = None
        self.forgotten = 0
        """How many there was no room to remember."""
        self.next_check: float | None = None
        self.missing: tuple[tuple[NotTaken, int], ...] = ()
        """How many are refused now for each reason, apart from those that the owner may not have."""

    def __len__(self) -> int:
        return len(self._refused)

    def resume(self, now: float) -> list[RefusedRecord]:
        """Return what the peer has shown in earlier sessions, is not held, and would be refused again now.

        Everything else that they have shown is forgotten: they are to bring it again.
        """
        return complete(self.resuming(now))

    def resuming(self, now: float) -> Steps[list[RefusedRecord]]:
        """Do as `resume`, in steps. Between two of them `follow_trust` may be called, and what it returns is forgotten."""
        self._tracker.since_last()
        shown = self._memory.records()[-self._memory.most_in_one_session :]
        for start in range(0, len(shown), STEP):
            some = shown[start : start + STEP]
            whole = {one for one, held in self._records.known([one.id for one in some]).items() if held}
            self._memory.forget(whole)
            for refusal in some:
                if refusal.id not in whole:
                    self._put(refusal)
            self._released([one for one in some if one.id in self._refused and self._is_let_in_by_trust(one)])
            yield
        self._released(list(self._let_in_now()))
        self._begun, self._seen = now, self._look()
        self.next_check = now + self._pause if self._can_end_by_itself else None
        return list(self._refused.values())

    def note_apart(self, rows: Iterable[Row], now: float) -> None:
        """Remember these certificates and policies, which the peer has just shown: of people connected with nobody here."""
        trust_state, since = self._access.trust_state, self._clock.monotonic()
        self.note(
            [
                lost(row)._replace(reason=APART, near=surroundings(trust_state, self._me, row.author), since=since)
                for row in rows
            ],
            now,
        )

    def note(self, refusals: Iterable[RefusedRecord], now: float, *, shown: bool = True) -> None:
        """Remember these. Where they had been asked for again, the next look comes later.

        `shown` says that the peer has just brought them: then they are remembered in later sessions too.
        """
        self._begun = now if self._begun is None else self._begun
        if not self._refused:
            self._tracker.since_last()
        most = self._memory.most_in_one_session
        for refusal in refusals:
            record_id = refusal.id
            self._in_vain = self._in_vain or record_id in self._asked
            if record_id not in self._refused and len(self._refused) >= most:
                self.forgotten += refusal.reason != UNREADABLE
                continue
            self._forget(record_id)
            self._put(refusal)
            if shown:
                self._memory.note(refusal)
            self._lately.add(record_id)
        self._report()
        if self.next_check is None and self._can_end_by_itself:
            self._seen = ()  # others may have made way when it was refused
            self.next_check = now + self._pause

    def note_without_base(self, received: RecordsReceived, now: float) -> None:
        """Remember those that came without their bodies, since the peer has shown the versions that have these bodies.

        None of those is held here, so it was refused: the newer one is too, for the same reason. Where that is not
        remembered, it is never asked for in this session: the peer must not learn what of its records is held. The next
        session brings it.
        """
        for record in received.records:
            base = received.bases.get(record.id)
            if base is None:
                continue
            refused = self._refused.get(base)
            charge = Charge(record.header.author, record.header.kind, 0)
            if refused is None:
                unknown = RefusedRecord.of(record, UNREADABLE, None, charge)
                self.note([unknown], now, shown=False)
            else:
                item = (record.header.created, record.id)
                self.note([refused._replace(item=item, expires=record.header.expires)], now)

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
            if record_id in lately or self._may_differ(refusal, moved):
                ready += [refusal] if self._is_let_in_by_trust(refusal) else []
        return self._released(ready)

    def check(self, now: float) -> list[RefusedRecord]:
        """Return those that clock, disk and room let in now, and forget them; set the time of the next look."""
        if self.next_check is None or now < self.next_check:
            return []
        self._pause = min(2 * self._pause, CHECK_SECONDS_MAX) if self._in_vain else CHECK_SECONDS
        self._in_vain, self._asked = False, set()
        seen, self._seen = self._seen, self._look()
        ready = [] if seen == self._seen else self._released(list(self._let_in_now()))
        self._asked = {refusal.id for refusal in ready}
        self.next_check = now + self._pause if self._can_end_by_itself or self._asked else None
        if len(ready) == ASKED_AT_ONCE:
            self._seen = ()  # there may be room for more
        return ready

    def begin_again(self, now: float) -> bool:
        """Whether the session should end and begin again, since more was refused than could be remembered."""
        return (
            self.forgotten > 0 and not self.missing and self._begun is not None and now >= self._begun + RENEW_SECONDS
        )

    # --- inside ------------------------------------------------------------------------------------------------------

    @property
    def _can_end_by_itself(self) -> bool:
        """Whether something is refused of which only a look tells whether the reason has gone."""
        return bool(self.missing or self._paused or self.forgotten)

    def _put(self, refusal: RefusedRecord) -> None:
        """Add a refusal. Of the versions of a policy that come too soon the last one counts alone."""
        if refusal.reason == PAUSED and refusal.key is not None:
            earlier = self._paused.get(_register(refusal.key))
            if earlier is not None:
                self._forget(earlier)
                self._memory.forget([earlier])
            self._paused[_register(refusal.key)] = refusal.id
        self._refused[refusal.id] = refusal
        self._counts[refusal.reason] += 1

    def _may_differ(self, refusal: RefusedRecord, moved: Moved | None) -> bool:
        """Whether trust may have come to keep it out no longer since `moved`."""
        if refusal.key is None or moved is None:
            return refusal.key is not None
        author = refusal.key[1]
        if refusal.reason == APART:
            return may_differ(self._access.trust_state, author, moved) or self._is_old(refusal)
        return moved.groups or author in moved

    def _is_old(self, refusal: RefusedRecord) -> bool:
        return self._clock.monotonic() >= refusal.since + limits.REFUSED_APART_SECONDS

    def _is_let_in_by_trust(self, refusal: RefusedRecord) -> bool:
        """Whether trust keeps it out no longer; False where something else keeps it out."""
        key = refusal.key
        if key is None or not (refusal.reason in _BY_TRUST or refusal.reason is Shortage.WAITING):
            return False
        if refusal.reason == APART:
            now = surroundings(self._access.trust_state, self._me, key[1])
            return now != refusal.near or self._is_old(refusal)
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
        over = sum(self._is_over(self._refused[one]) for one in self._paused.values())
        return self._records.freed, self._quota.disk_is_full, self._clock.generation, version, over

    def _is_over(self, refusal: RefusedRecord) -> bool:
        """Whether the pause is over for which this version of a policy was refused."""
        return refusal.key is not None and self._quota.policy_pace.is_over(_register(refusal.key))

    def _let_in_now(self) -> Iterator[RefusedRecord]:
        """Yield those that would be taken now, in the order in which they are of use."""
        reading, disk_is_full, room = self._clock.reading(), self._quota.disk_is_full, self._quota.room(self._peer)
        left = ASKED_AT_ONCE
        for refusal in sorted(self._refused.values(), key=self._order):
            if refusal.reason in _NEVER_BY_ITSELF:
                continue
            if refusal.reason == EXPIRED:
                fits = not reading.trusted or refusal.expires > reading.now
            elif refusal.reason == PAUSED:
                fits = self._is_over(refusal)
            elif disk_is_full:
                fits = False
            else:
                fits = room.take_waiting() if refusal.reason is Shortage.WAITING else room.take(refusal.charge)
            if fits:
                yield refusal
                left -= 1
            if not left:
                return

    def _order(self, refusal: RefusedRecord) -> tuple[Phase, int, PersonId, int]:
        """Return the sort key of what is asked for again: the web first, the nearest people first, and each as a whole.

        Certificates are of no use where no room is left for the policies.
        """
        author = refusal.charge.author
        return phase_of(refusal.kind), self._quota.distance(author), author, turn_of(refusal.kind)

    def _released(self, ready: list[RefusedRecord]) -> list[RefusedRecord]:
        for refusal in ready:
            self._forget(refusal.id)
        self._memory.forget(refusal.id for refusal in ready)
        self._report()
        return ready

    def _forget(self, record_id: RecordId) -> None:
        refusal = self._refused.pop(record_id, None)
        if refusal is not None:
            self._counts[refusal.reason] -= 1
            self._lately.discard(record_id)
            if refusal.reason == PAUSED and refusal.key is not None:
                self._paused.pop(_register(refusal.key), None)

    def _report(self) -> None:
        self.missing = tuple(
            (reason, count) for reason, count in self._counts.items() if count and reason not in _UNTOLD
        )


def _register(key: AccessKey) -> tuple[PersonId, DeviceId]:
    """Return whose policy it is, and the device that writes it."""
    return key[1], key[2]
