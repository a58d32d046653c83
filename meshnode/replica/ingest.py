"""The one write door: own and foreign records come in here, are verified and judged, and are committed together.

A batch is one transaction. Nothing in it trusts the sender: signatures, certificates, bodies, lifetimes, caps and the
audience are checked for foreign and own records alike. What fails is refused and attributed; the rest of the batch is
not lost. The order inside a batch does not matter: certificates, policies and joins are applied first, and whatever had to
wait for one of them is judged again before the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from meshnode.clock import Clock
from meshnode.replica.access import Access, AccessCache, AccessKey, AccessPolicy, subject
from meshnode.replica.changes import Superseding
from meshnode.replica.quota import Quota
from meshnode.replica.reevaluate import Reevaluation, Reevaluator
from meshnode.replica.transaction import Transactions, UnitOfWork
from meshnode.replica.trust_state import TrustState
from meshnode.store import RecordState, Row, Store
from protocol import (
    Body,
    Code,
    Header,
    Join,
    Kind,
    Letter,
    Listing,
    PersonId,
    Record,
    RecordId,
    RemoteError,
    body_of,
    check_header,
    device_slot,
    is_revocation,
    limits,
    verify_signature,
)
from protocol.trust import check_membership

TRUST_KINDS = frozenset({Kind.DEVICE, Kind.POLICY, Kind.JOIN})
GRAPH_RECORD_KINDS = TRUST_KINDS | {Kind.PROFILE}

Verifier = Callable[[Sequence[Record]], list[bool]]
"""Says of each record, in order, whether its signature holds."""


def verify_one_by_one(records: Sequence[Record]) -> list[bool]:
    """The plain verifier; a node with more than one core hands in one that shares the work out."""
    return [verify_signature(record) for record in records]


@dataclass(slots=True)
class IngestResult:
    """What became of a batch.

    `kept` are ids now held because of it or held already, `refused` ids that we do not want (no fault of anybody),
    `faults` records that nobody honest passes on, `answers` newer records of registers of which the sender showed an
    older version (to be sent alone as headers where the sender may not have more). `not_for_us` has what we would take
    if our standing were another, with the question that decides.
    """

    kept: list[RecordId] = field(default_factory=list)
    refused: list[RecordId] = field(default_factory=list)
    faults: list[tuple[Record, Code]] = field(default_factory=list)
    answers: list[Superseding] = field(default_factory=list)
    not_for_us: list[tuple[Record, AccessKey]] = field(default_factory=list)
    stored: list[RecordId] = field(default_factory=list)


@dataclass(slots=True)
class _Batch:
    """What one transaction gathers until it knows what changed."""

    outcome: IngestResult
    source: PersonId | None
    now: int
    now_is_certain: bool
    disk_is_full: bool
    known: set[tuple[RecordId, bool]] = field(default_factory=set)
    gone: list[Row] = field(default_factory=list)
    asked: set[AccessKey] = field(default_factory=set)
    people: set[PersonId] = field(default_factory=set)
    unread: set[PersonId] = field(default_factory=set)  # those of them whom the circle has yet to read anew
    held: int | None = None
    trust: bool = False


class Ingest:
    """The door to the store; `receive` opens it."""

    def __init__(
        self,
        store: Store,
        trust_state: TrustState,
        access: AccessPolicy,
        reevaluator: Reevaluator,
        transactions: Transactions,
        clock: Clock,
        me: PersonId,
        verifier: Verifier,
    ) -> None:
        self._store = store
        self._trust_state = trust_state
        self._access = access
        self._reevaluator = reevaluator
        self._transactions = transactions
        self._clock = clock
        self._me = me
        self._verifier = verifier
        self._answers = AccessCache(access, me)
        self.quota = Quota(store, trust_state, me)
        """What others may still bring."""

    def receive(self, records: Sequence[Record], source: PersonId | None = None) -> IngestResult:
        """Take in `records` from the person `source` (None: our own hand). Committed when it returns.

        Inside an open transaction of the replica they are committed with it.
        """
        batch = _Batch(IngestResult(), source, self._clock.now(), self._clock.trusted, self.quota.disk_is_full)
        fresh = self._worth_verifying(records, batch)
        verified = zip(fresh, self._verifier(fresh), strict=True)
        with self._transactions.begin() as unit:
            self._apply(verified, batch)
            self._finish(batch, unit)
        return batch.outcome

    # --- before any signature is looked at -------------------------------------------------------------------------

    def _worth_verifying(self, records: Sequence[Record], batch: _Batch) -> list[Record]:
        """What is timely, or here already, in the order in which it has to be taken.

        What is here is verified like all else: who knows a record must not find out by a bad signature whether we have it.
        """
        known = self._store.records.known([record.id for record in records])
        fresh: list[Record] = []
        seen: set[tuple[RecordId, bool, bytes]] = set()  # a bad signature must not keep the good one out
        for record in records:
            try:
                check_header(record.header)
            except RemoteError as error:
                _set_aside(record, error.code, batch)
                continue
            if (record.id, record.header_only, record.signature) in seen:
                continue
            seen.add((record.id, record.header_only, record.signature))
            if known.get(record.id, False) or (record.header_only and record.id in known):
                batch.known.add((record.id, record.header_only))
                fresh.append(record)
            elif batch.now_is_certain and _out_of_time(record, batch.now):
                batch.outcome.refused.append(record.id)
            else:
                fresh.append(record)
        return sorted(fresh, key=self._turn)

    def _turn(self, record: Record) -> tuple[int, bool]:
        """When it is taken: certificates decide about policies, both about joins, these about profiles, and all about the
        rest: where its author says he is decides about a listing for those nearby. Of each kind the owner's own come
        first, for a new device of his hears all at once: what others have for it hangs on the groups that he is in."""
        return _ORDER.get(record.header.kind, len(_ORDER)), record.header.author != self._me

    def _shown_again(self, record: Record, batch: _Batch) -> None:
        batch.outcome.kept.append(record.id)
        if record.header_only:
            return
        rows = self._store.records.rows_of([record.id])  # none, where a strike in this very batch has voided it
        if any(row.state == RecordState.SUSPENDED for row in rows):
            self._answer_with_newer(record, self._store.records.head(record.register), batch)

    def _answer_with_newer(self, record: Record, head: Record | None, batch: _Batch) -> None:
        """Whoever shows an older version is given the newer header, for he may not know of it."""
        if head is not None and head.rank > record.rank:
            batch.outcome.answers.append(Superseding(head, record.header.device))

    # --- inside the transaction --------------------------------------------------------------------------------------

    def _apply(self, verified: Iterable[tuple[Record, bool]], batch: _Batch) -> None:
        """Certificates first, then policies, joins, profiles, and the rest: each may decide about what follows."""
        for _, group in groupby(verified, key=lambda pair: self._turn(pair[0])):
            self._read_anew(batch)
            self._answers.keep_up()
            for record, good in group:
                try:
                    if not good:
                        raise RemoteError(Code.FORGED, "its signature does not hold")
                    if (record.id, record.header_only) in batch.known:
                        self._shown_again(record, batch)
                    else:
                        self._take_one(record, batch)
                except RemoteError as error:
                    _set_aside(record, error.code, batch)

    def _read_anew(self, batch: _Batch) -> None:
        self._trust_state.refresh(self._store, batch.unread)
        batch.unread.clear()

    def _take_one(self, record: Record, batch: _Batch) -> None:
        try:
            body = body_of(record) if record.body else None
        except RemoteError:
            # Its author has signed it: a later version may read what this one cannot, and who passes it on is honest.
            batch.outcome.refused.append(record.id)
            return
        if isinstance(body, Join):
            check_membership(record.header.author, body)
        state = self._state_for(record, body, batch)
        if state is None:
            batch.outcome.refused.append(record.id)
            return
        if state is RecordState.LIVE:
            batch.asked.add(_access_key(record.header, body))
        if state is RecordState.PENDING:
            self._put(record, state, body, batch)
        elif state is RecordState.HEADER or record.header_only:
            self._compete(record.without_body(), RecordState.HEADER, None, batch)
        elif self._store.records.put_new(record, state=state, received_from=batch.source, arrived=batch.now, body=body):
            self._stored(record, batch)
        else:
            self._compete(record, state, body, batch)

    def _compete(self, record: Record, state: RecordState, body: Body | None, batch: _Batch) -> None:
        """Put a record whose register may be known here already."""
        head = self._store.records.head(record.register)
        if head is None:
            if record.header_only and not self._counts_alone(record):
                batch.outcome.refused.append(record.id)  # nothing is held here that it supersedes
            else:
                self._put(record, state, body, batch)
            return
        if head.id != record.id and head.rank[:2] == record.rank[:2]:
            self._store.records.note_fork(head, record)
        used = self._store.records.used(record.register)
        before = self._store.records.rows_of([used.id]) if used is not None else []
        if not self._put(record, state, body, batch):
            batch.outcome.refused.append(record.id)
        elif used is not None and used.id != record.id and self._ends_use_of(used, record):
            batch.gone += before
        self._answer_with_newer(record, head, batch)

    def _counts_alone(self, record: Record) -> bool:
        """Whether a header says something though nothing is held here that it supersedes.

        A strike does; and a policy of a device not heard before: it may take back what others of its person have given.
        """
        header = record.header
        return is_revocation(header) or (header.kind == Kind.POLICY and self._trust_state.has_policy(header.author))

    def _ends_use_of(self, used: Record, record: Record) -> bool:
        return not record.header_only or used.header.version < record.header.min_valid_version

    def _put(self, record: Record, state: RecordState, body: Body | None, batch: _Batch) -> bool:
        kept = self._store.records.put(record, state=state, received_from=batch.source, arrived=batch.now, body=body)
        if kept:
            self._stored(record, batch)
        return kept

    def _stored(self, record: Record, batch: _Batch) -> None:
        batch.outcome.kept.append(record.id)
        batch.outcome.stored.append(record.id)
        kind = record.header.kind
        if kind in GRAPH_RECORD_KINDS:
            batch.people.add(record.header.author)
            batch.unread.add(record.header.author)
            batch.trust = batch.trust or kind in TRUST_KINDS
            if is_revocation(record.header):
                self._obey_strike(record, batch)

    def _obey_strike(self, record: Record, batch: _Batch) -> None:
        """A strike voids all that its device ever wrote."""
        rows = self._store.records.rows(author=record.header.author)
        void = [row for row in rows if row.device == record.header.device and row.kind != Kind.DEVICE]
        self._store.records.delete([row.id for row in void])
        batch.gone += void

    # --- judging one record ---------------------------------------------------------------------------------------

    def _state_for(self, record: Record, body: Body | None, batch: _Batch) -> RecordState | None:
        """The state `record` may be stored in, or None to refuse it; raises RemoteError where it is at fault."""
        header = record.header
        if header.kind == Kind.DEVICE:
            return self._if_room(record, RecordState.LIVE, batch)
        if self._trust_state.revoked(header.author, header.device):
            strike = self._store.records.head((header.author, Kind.DEVICE, device_slot(header.device)))
            batch.outcome.answers += [Superseding(strike, header.device)] if strike is not None else []
            return None
        if not self._trust_state.certified(header.author, header.device):
            # Unproved, a header must not supersede; and there is nothing to wait for where it could not.
            counts = self._counts_alone(record) or self._store.records.head(record.register) is not None
            waits = not record.header_only or counts
            return self._if_room(record, RecordState.PENDING, batch) if waits else None
        if header.kind == Kind.POLICY or record.header_only:
            return self._if_room(record, RecordState.LIVE, batch)
        asked = _access_key(header, body)
        expired = header.expires <= batch.now and header.author != self._me
        answer = Access.NO if expired else self._answers[asked]
        if answer is Access.NO and not record.withdrawn:
            if not expired:
                batch.outcome.not_for_us.append((record, asked))
            return RecordState.HEADER  # not for us any more: what it says of an older version still counts
        return self._if_room(record, RecordState.PENDING if answer is Access.UNKNOWN else RecordState.LIVE, batch)

    def _if_room(self, record: Record, state: RecordState, batch: _Batch) -> RecordState | None:
        """`state`, or None where there is no room for it."""
        if state is not RecordState.PENDING:
            return state if self.quota.admits(record, batch.source, disk_is_full=batch.disk_is_full) else None
        # What waits counts for nobody: who its author is has yet to be proved.
        if batch.held is None:
            batch.held = self._store.records.count_pending(batch.source)
        if batch.disk_is_full or not self.quota.admits_pending(batch.held):
            return None
        batch.held += 1
        return state

    # --- before the commit ------------------------------------------------------------------------------------------

    def _finish(self, batch: _Batch, unit: UnitOfWork) -> None:
        self._read_anew(batch)
        self._reevaluator.note(batch.asked)
        settled = Reevaluation()
        if batch.trust or batch.people:
            settled = self._reevaluator.reevaluate(batch.people, batch.now)
            batch.people |= settled.people
        gone = [*batch.gone, *settled.gone]
        batch.outcome.stored = _without([*batch.outcome.stored, *settled.released], [row.id for row in gone])
        unit.note(stored=batch.outcome.stored, ended=gone, people=batch.people, trust=batch.trust)


_ORDER: dict[int, int] = {Kind.DEVICE: 0, Kind.POLICY: 1, Kind.JOIN: 2, Kind.PROFILE: 3}


def _set_aside(record: Record, code: Code, batch: _Batch) -> None:
    """Refuse a record that broke a rule. One from a newer version is nobody's fault: the sender may understand it."""
    if code is Code.UNKNOWN_KIND:
        batch.outcome.refused.append(record.id)
    else:
        batch.outcome.faults.append((record, code))


def _access_key(header: Header, body: Body | None) -> AccessKey:
    place = body.place if isinstance(body, Listing) else None
    tag = body.tag if isinstance(body, Letter) else None
    return (
        header.kind,
        header.author,
        header.device,
        header.audience,
        header.policy_version,
        subject(header.kind, header.slot, place, tag),
    )


def _out_of_time(record: Record, now: int) -> bool:
    """Expired, or from a future that our own clock knows to be far."""
    lasting = record.header.latest_expiry if record.header_only or record.withdrawn else record.header.expires
    return lasting <= now or record.header.created > now + limits.CLOCK_SKEW


def _without(ids: Iterable[RecordId], dropped: Iterable[RecordId]) -> list[RecordId]:
    left_out = set(dropped)
    return [id_ for id_ in ids if id_ not in left_out]
