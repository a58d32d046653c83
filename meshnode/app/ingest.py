"""The one write door: own and foreign records come in here, are verified and judged, and are committed together.

A batch is one transaction. Nothing in it trusts the sender: signatures, certificates, bodies, lifetimes, caps and the
audience are checked for foreign and own records alike. What fails is refused and attributed; the rest of the batch is
not lost. The order inside a batch does not matter: certificates and policies are applied first, and whatever had to
wait for one of them is judged again before the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from meshnode.app.changes import Change, Changes
from meshnode.app.circle import Circle
from meshnode.app.judge import Answer, Judge
from meshnode.app.settle import Settled, settle
from meshnode.clock import Clock
from meshnode.store import State, Store
from protocol import (
    Code,
    Kind,
    Listing,
    PersonId,
    Record,
    RecordId,
    RemoteError,
    body_of,
    check_header,
    is_strike,
    limits,
    verify_signature,
)

TRUST_KINDS = frozenset({Kind.DEVICE, Kind.POLICY})
CIRCLE_KINDS = frozenset({Kind.DEVICE, Kind.POLICY, Kind.PROFILE})

Verifier = Callable[[Sequence[Record]], list[bool]]


def verify_one_by_one(records: Sequence[Record]) -> list[bool]:
    """The plain verifier; a node with more than one core hands in one that shares the work out."""
    return [verify_signature(record) for record in records]


@dataclass(slots=True)
class Outcome:
    """What became of a batch.

    `kept` are ids now held because of it or held already, `refused` ids that we do not want (no fault of anybody),
    `faults` records that nobody honest passes on, `answers` newer records of registers of which the sender showed an
    older version (to be sent alone as headers where the sender may not have more).
    """

    kept: list[RecordId] = field(default_factory=list)
    refused: list[RecordId] = field(default_factory=list)
    faults: list[tuple[Record, Code]] = field(default_factory=list)
    answers: list[Record] = field(default_factory=list)
    change: Change = field(default_factory=Change)


@dataclass(slots=True)
class _Batch:
    """What one transaction gathers until it knows what changed."""

    outcome: Outcome
    source: PersonId | None
    now: int
    stored: list[RecordId] = field(default_factory=list)
    gone: list[RecordId] = field(default_factory=list)
    people: set[PersonId] = field(default_factory=set)
    room: dict[PersonId, _Room] = field(default_factory=dict)
    trust: bool = False


@dataclass(slots=True)
class _Room:
    """What is left of the room that one author's records may take here."""

    records: int
    size: int


class Ingest:
    """The door to the store. `receive` is its only handle."""

    def __init__(
        self, store: Store, circle: Circle, judge: Judge, changes: Changes, clock: Clock, me: PersonId, verifier: Verifier
    ) -> None:
        self._store = store
        self._circle = circle
        self._judge = judge
        self._changes = changes
        self._clock = clock
        self._me = me
        self._verifier = verifier

    def receive(self, records: Sequence[Record], source: PersonId | None = None) -> Outcome:
        """Take in `records` from the person `source` (None: our own hand). Committed when it returns."""
        batch = _Batch(Outcome(), source, self._clock.now())
        fresh = self._worth_verifying(records, batch)
        verified = [
            record for record, good in zip(fresh, self._verifier(fresh), strict=True) if good or self._forged(record, batch)
        ]
        try:
            with self._store.transaction():
                self._apply(verified, batch)
                batch.outcome.change = self._finish(batch)
        except BaseException:
            # The circle may have read what the transaction then took back.
            self._circle.refresh(self._store, batch.people)
            raise
        self._changes.tell(batch.outcome.change)
        return batch.outcome

    # --- before any signature is looked at -------------------------------------------------------------------------

    def _worth_verifying(self, records: Sequence[Record], batch: _Batch) -> list[Record]:
        fresh: list[Record] = []
        seen: set[tuple[RecordId, bool]] = set()
        for record in records:
            try:
                check_header(record.header)
            except RemoteError as error:
                batch.outcome.faults.append((record, error.code))
                continue
            if (record.id, record.header_only) in seen:
                continue
            seen.add((record.id, record.header_only))
            if self._held_already(record):
                batch.outcome.kept.append(record.id)
            elif self._untimely(record, batch.now):
                batch.outcome.refused.append(record.id)
            else:
                fresh.append(record)
        return fresh

    def _held_already(self, record: Record) -> bool:
        known = self._store.records.get(record.id)
        return known is not None and (record.header_only or not known.header_only)

    def _untimely(self, record: Record, now: int) -> bool:
        """Expired, or from a future that our own clock, if it can be trusted, knows to be far."""
        if not self._clock.trusted:
            return False
        lasting = record.header.outlives if record.header_only or record.withdrawn else record.header.expires
        return lasting <= now or record.header.created > now + limits.CLOCK_SKEW

    def _forged(self, record: Record, batch: _Batch) -> bool:
        batch.outcome.faults.append((record, Code.FORGED))
        return False

    # --- inside the transaction --------------------------------------------------------------------------------------

    def _apply(self, records: list[Record], batch: _Batch) -> None:
        """Certificates first, then policies, then the rest: each may decide about what follows."""
        self._take([record for record in records if record.header.kind == Kind.DEVICE], batch)
        self._circle.refresh(self._store, batch.people)
        self._take([record for record in records if record.header.kind == Kind.POLICY], batch)
        self._circle.refresh(self._store, batch.people)
        self._take([record for record in records if record.header.kind not in TRUST_KINDS], batch)

    def _take(self, records: list[Record], batch: _Batch) -> None:
        for record in records:
            try:
                self._take_one(record, batch)
            except RemoteError as error:
                batch.outcome.faults.append((record, error.code))

    def _take_one(self, record: Record, batch: _Batch) -> None:
        state = self._state_for(record, batch)
        if state is None:
            batch.outcome.refused.append(record.id)
            return
        if state is State.HEADER:
            record = record.without_body()
        head = self._store.records.head(record.register)
        if head is None:
            self._put_first(record, state, batch)
            return
        if head.id != record.id and head.rank[:2] == record.rank[:2]:
            self._store.records.note_fork(head, record)
        used = self._store.records.used(record.register)
        if not self._put(record, state, batch):
            batch.outcome.refused.append(record.id)
            if not record.header_only:
                batch.outcome.answers.append(head)
        elif used is not None and used.id != record.id and self._ends_use_of(used, record):
            batch.gone.append(used.id)

    def _put_first(self, record: Record, state: State, batch: _Batch) -> None:
        if record.header_only:
            batch.outcome.refused.append(record.id)  # nothing is held here that it supersedes
        else:
            self._put(record, state, batch)

    def _ends_use_of(self, used: Record, record: Record) -> bool:
        return not record.header_only or used.header.version < record.header.floor

    def _put(self, record: Record, state: State, batch: _Batch) -> bool:
        state = State.HEADER if record.header_only else state
        kept = self._store.records.put(record, state=state, received_from=batch.source, arrived=batch.now)
        if kept:
            batch.outcome.kept.append(record.id)
            batch.stored.append(record.id)
            self._touched(record, batch)
            if is_strike(record.header):
                self._obey_strike(record, batch)
        return kept

    def _touched(self, record: Record, batch: _Batch) -> None:
        if record.header.kind in CIRCLE_KINDS:
            batch.people.add(record.header.author)
        batch.trust = batch.trust or record.header.kind in TRUST_KINDS

    def _obey_strike(self, record: Record, batch: _Batch) -> None:
        """A strike voids all that its device ever wrote."""
        rows = self._store.records.rows(author=record.header.author)
        void = [row.id for row in rows if row.device == record.header.device and row.kind != Kind.DEVICE]
        self._store.records.delete(void)
        batch.gone.extend(void)

    # --- judging one record ---------------------------------------------------------------------------------------

    def _state_for(self, record: Record, batch: _Batch) -> State | None:
        """The state `record` may be stored in, or None to refuse it; raises RemoteError where it is at fault."""
        header = record.header
        place = self._check_body(record)
        if header.kind == Kind.DEVICE:
            return self._room_for(record, State.LIVE, batch)
        certificate = self._circle.certificate(header.author, header.device)
        if certificate is None:
            return self._room_for(record, State.HELD, batch)
        if certificate.struck:
            return None
        if header.kind == Kind.POLICY or record.header_only:
            return self._room_for(record, State.LIVE, batch)
        answer = self._judge.may_have(self._me, _Asked(record, place), batch.now)
        if answer is Answer.NO and not record.withdrawn:
            return State.HEADER  # not for us any more: what it says of an older version still counts
        return self._room_for(record, State.HELD if answer is Answer.UNKNOWN else State.LIVE, batch)

    def _check_body(self, record: Record) -> str | None:
        if record.header_only or record.withdrawn:
            return None
        body = body_of(record)
        return body.place if isinstance(body, Listing) else None

    def _room_for(self, record: Record, state: State, batch: _Batch) -> State | None:
        """`state`, or None where the author, or what is held for judgement, has used up its room."""
        author = record.header.author
        if author == self._me:
            return state
        records = self._store.records
        room = batch.room.get(author)
        if room is None:
            room = batch.room[author] = _Room(
                limits.AUTHOR_RECORDS_MAX - records.count(author), limits.AUTHOR_BYTES_MAX - records.bytes_of(author)
            )
        room.records -= 1
        room.size -= len(record.wire)
        if room.size < 0 or (room.records < 0 and records.head(record.register) is None):
            return None
        if state == State.HELD and records.count_held() >= limits.HELD_RECORDS_MAX:
            return None
        return state

    # --- before the commit ------------------------------------------------------------------------------------------

    def _finish(self, batch: _Batch) -> Change:
        self._circle.refresh(self._store, batch.people)
        settled = Settled()
        if batch.trust or batch.people:
            settled = settle(self._store, self._circle, self._judge, self._me, batch.now)
            batch.people |= settled.people
        stored = _without([*batch.stored, *settled.freed], settled.dropped)
        return Change(
            stored=tuple(stored),
            gone=tuple([*batch.gone, *settled.dropped]),
            people=frozenset(batch.people),
            trust=batch.trust,
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    """A record that has just come, as the judge wants to see it."""

    record: Record
    place: str | None

    @property
    def kind(self) -> int:
        return self.record.header.kind

    @property
    def author(self) -> PersonId:
        return self.record.header.author

    @property
    def device(self) -> bytes:
        return self.record.header.device

    @property
    def audience(self) -> int:
        return self.record.header.audience

    @property
    def policy_version(self) -> int:
        return self.record.header.policy_version

    @property
    def expires(self) -> int:
        return self.record.header.expires


def _without(ids: Iterable[RecordId], dropped: Iterable[RecordId]) -> list[RecordId]:
    left_out = set(dropped)
    return [id_ for id_ in ids if id_ not in left_out]
