"""Takes records in: the only way into the store, for own and for foreign records.

A batch is verified, checked, decided about and committed in one transaction. Nothing in it trusts the sender:
signatures, certificates, bodies, lifetimes, quotas and the audience are checked for foreign and own records alike. A
record that fails a check is refused and named in the result; the rest of the batch is kept. The order inside a batch
does not matter: certificates, policies and joins are applied first, and records that waited for one of them are
reevaluated before the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import groupby

from meshnode.clock import Clock
from meshnode.replica.access import Access, AccessCache, AccessPolicy, key_of
from meshnode.replica.batch import Batch, IngestResult
from meshnode.replica.branches import versions_in_use
from meshnode.replica.changes import Superseding
from meshnode.replica.leaps import Leaps
from meshnode.replica.make_room import Gone, RoomMaker
from meshnode.replica.parts import turn_at
from meshnode.replica.quota import Quota, Shortage
from meshnode.replica.reevaluate import Reevaluation, Reevaluator
from meshnode.replica.refused_record import EXPIRED, NOT_ALLOWED, PAUSED
from meshnode.replica.transaction import Transactions, UnitOfWork
from meshnode.replica.trust_state import Certificate, TrustState
from meshnode.store import RecordState, Row, Store
from protocol import (
    Body,
    Code,
    DeviceId,
    Header,
    Join,
    Kind,
    PersonId,
    Policy,
    Profile,
    Record,
    RecordId,
    RemoteError,
    body_of,
    check_header,
    device_slot,
    is_revocation,
    verify_signature,
)
from protocol.trust import check_membership

TRUST_KINDS = frozenset({Kind.DEVICE, Kind.POLICY, Kind.JOIN})
TAKES_BACK = frozenset({Kind.DEVICE, Kind.POLICY})  # a revocation, or a block and a vouch that is lower than before
GRAPH_RECORD_KINDS = TRUST_KINDS | {Kind.PROFILE}

_OTHERS_MAKE_WAY = (Shortage.ALL, Shortage.INTRODUCER)
_IN_USE = (RecordState.LIVE, RecordState.PAST)

Verifier = Callable[[Sequence[Record]], list[bool]]
"""Returns for each record, in order, whether its signature is valid."""


def verify_one_by_one(records: Sequence[Record]) -> list[bool]:
    """Verify in the calling thread. A node with several cores uses `verify.SharedVerifier` instead."""
    return [verify_signature(record) for record in records]


class Ingest:
    """Takes records into the store of the person and device `writer`; see `receive`. Used in the store thread.

    `verifier` checks the signatures of a batch. Everything else is checked and decided here, with the parts of the
    replica that are handed in.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - each argument is a part of the node
        self,
        store: Store,
        trust_state: TrustState,
        access: AccessPolicy,
        reevaluator: Reevaluator,
        transactions: Transactions,
        quota: Quota,
        clock: Clock,
        writer: tuple[PersonId, DeviceId],
        verifier: Verifier,
    ) -> None:
        self._store = store
        self._trust_state = trust_state
        self._access = access
        self._reevaluator = reevaluator
        self._transactions = transactions
        self._clock = clock
        me, self._device = writer
        self._me = me
        self._verifier = verifier
        self._decisions = AccessCache(access, me)
        self.leaps = Leaps(store, me)
        self.quota = quota
        """The limits for records of others."""
        self._room_maker = RoomMaker(store, quota, trust_state, reevaluator, me)

    def receive(self, records: Sequence[Record], source: PersonId | None = None, *, more: bool = False) -> IngestResult:
        """Take in `records` that the person `source` has sent (None: this node wrote them); return the outcome.

        `more` says that they are a part of what is on its way: certificates and policies among them that this node may
        not have by what is known so far are kept until the rest is here, or GATHERING_SECONDS have passed.

        All that is kept is committed when this returns, or, inside an open transaction of the replica, together with
        that transaction; the change is published after the commit. A record that is at fault is named in the result and
        raises nothing. Raises StorageFull or StorageFailed where the disk does not take the commit; nothing is kept
        then.
        """
        batch = Batch(IngestResult(), source, self._clock.now(), self._clock.trusted, self.quota.disk_is_full)
        fresh = self._worth_verifying(records, batch)
        verified = zip(fresh, self._verifier(fresh), strict=True)
        with self._transactions.begin() as unit:
            if any(record.header.author == self._me and record.header.kind == Kind.POLICY for record in fresh):
                self._room_maker.before_own_policy()
            self._room_maker.begin()
            self._apply(verified, batch)
            self._finish(batch, unit, more=more)
        return batch.outcome

    def make_room(self) -> bool:
        """Delete, a few at a time, what makes way for others, hung on somebody whom the owner has dropped, or is denied.

        Returns whether there is more to do: then call it again soon.
        """
        if self._room_maker.is_busy or self._reevaluator.is_busy:
            self.receive([])
        return self._room_maker.is_busy or self._reevaluator.is_busy

    def judge_late(self) -> None:
        """Decide about what waited for the rest of a web that did not come in time; to be called now and then."""
        if self._reevaluator.is_late(self._clock.monotonic()):
            self.receive([])

    # --- before any signature is looked at -------------------------------------------------------------------------

    def exchanges_changed(self) -> None:
        """Decide again about the people with whom the owner has come to have an open exchange, or no longer has one.

        Part of the transaction that changes the exchange: call it inside `Replica.transaction()`.
        """
        with self._transactions.begin() as unit:
            moved = self._trust_state.refresh_counterparts(self._store)
            if not moved:
                return
            parted = self._reevaluator.drop_certificates(moved - self._trust_state.counterparts)
            done = self._reevaluator.reevaluate(moved, self._clock.now())
            unit.note(stored=done.released, ended=[*parted, *done.dropped], people=moved | done.people, trust=True)

    def _worth_verifying(self, records: Sequence[Record], batch: Batch) -> list[Record]:
        """Return the records that are timely or held already, in the order in which they must be taken.

        Records that are held are verified like all others: a peer that sends a known record with a bad signature must
        not learn from the answer whether it is held here.
        """
        known = self._store.records.known([record.id for record in records])
        fresh: list[Record] = []
        seen: set[tuple[RecordId, bool, bytes]] = set()  # a bad signature must not keep the good one out
        for record in records:
            try:
                check_header(record.header)
            except RemoteError as error:
                batch.set_aside(record, error.code)
                continue
            if (record.id, record.header_only, record.signature) in seen:
                continue
            seen.add((record.id, record.header_only, record.signature))
            if known.get(record.id, False) or (record.header_only and record.id in known):
                batch.known.add((record.id, record.header_only))
                fresh.append(record)
            elif batch.now_is_certain and _is_past(record, batch.now) and not self._is_known(record):
                batch.outcome.refused.append(record.id)
                batch.refuse_for_now(record, EXPIRED, None)
            else:
                fresh.append(record)
        return sorted(fresh, key=self._turn)

    def _is_known(self, record: Record) -> bool:
        """Whether another version is held: the sender may have to learn of it."""
        return self._store.records.newest(record.register) is not None

    def _turn(self, record: Record) -> tuple[int, bool]:
        return turn_at(record, self._me)

    def _keep_known(self, record: Record, batch: Batch) -> None:
        batch.outcome.kept.append(record.id)
        if record.header_only:
            return
        rows = self._store.records.rows_of([record.id])  # none where a revocation in this batch has deleted it
        if any(row.state == RecordState.SUSPENDED for row in rows):
            self._note_newer(record, self._store.records.newest(record.register), batch)

    def _note_newer(self, record: Record, newest: Record | None, batch: Batch) -> None:
        """Let a sender that shows an older version have the newest header: it may not know of it."""
        if newest is not None and newest.rank > record.rank:
            batch.outcome.newer.append(Superseding(newest, record.header.device))

    # --- inside the transaction --------------------------------------------------------------------------------------

    def _apply(self, verified: Iterable[tuple[Record, bool]], batch: Batch) -> None:
        """Take the records kind by kind: each kind may decide about those that follow."""
        for _, group in groupby(verified, key=lambda pair: self._turn(pair[0])):
            self._refresh_trust_state(batch)
            self._decisions.refresh()
            for record, good in group:
                try:
                    if not good:
                        raise RemoteError(Code.FORGED, "its signature does not hold")
                    if (record.id, record.header_only) in batch.known:
                        self._keep_known(record, batch)
                    else:
                        self._take_one(record, batch)
                except RemoteError as error:
                    batch.set_aside(record, error.code)

    def _refresh_trust_state(self, batch: Batch) -> None:
        batch.people |= self._trust_state.refresh(self._store, batch.unread)
        batch.unread.clear()

    def _take_one(self, record: Record, batch: Batch) -> None:
        try:
            body = body_of(record) if record.body else None
        except RemoteError:
            batch.refuse_unreadable(record)
            return
        if isinstance(body, Join):
            check_membership(record.header.author, body)
        if batch.source is not None and self._is_refused_by_number(record, body, batch):
            return
        state = self._state_for(record, body, batch)
        if isinstance(state, Shortage):
            batch.refuse_for_now(record, state, key_of(record.header, body), self.quota.charge(record))
            known = record.header.kind != Kind.DEVICE and self._store.records.newest(record.register) is not None
            if state is not Shortage.WAITING and record.body and known:
                # There is always room for a header: without it an older version would still be in use.
                self._compete(record.without_body(), RecordState.HEADER, None, batch)
            else:
                batch.outcome.refused.append(record.id)
            return
        if state is None:
            batch.outcome.refused.append(record.id)
            return
        self._note_signed_record(record, batch)
        if state in _IN_USE and isinstance(body, Profile):
            self._note_own_profile(record, body)
        if state in _IN_USE:
            batch.keys.add(key_of(record.header, body))
        if state is RecordState.PENDING:
            self._put(record, state, body, batch)
        elif state is RecordState.HEADER or record.header_only:
            self._compete(record.without_body(), RecordState.HEADER, None, batch)
        elif self._store.records.put_new(record, state=state, received_from=batch.source, arrived=batch.now, body=body):
            batch.rows[record.id] = Row.of(record, state, body)
            self._stored(record, batch)
        else:
            self._compete(record, state, body, batch)

    def _is_refused_by_number(self, record: Record, body: Body | None, batch: Batch) -> bool:
        """Refuse a version that leaps, of the owner's, and for now one of a policy that follows too many others."""
        if self.leaps.leaps(record, body):
            self._void(record, batch)
            return True
        return isinstance(body, Policy) and self._comes_too_soon(record, body, batch)

    def _comes_too_soon(self, record: Record, body: Policy, batch: Batch) -> bool:
        header = record.header
        newest = self._store.records.newest(record.register)
        if header.author == self._me or newest is None or newest.rank > record.rank:
            return False
        if not self._trust_state.certified(header.author, header.device):
            return False
        takes_back = header.min_valid_version > newest.header.min_valid_version
        if self.quota.policy_pace.take((header.author, header.device), takes_back=takes_back):
            return False
        batch.refuse_for_now(record, PAUSED, key_of(header, body))
        if takes_back:
            self._compete(record.without_body(), RecordState.HEADER, None, batch)
        else:
            batch.outcome.refused.append(record.id)
        return True

    def _void(self, record: Record, batch: Batch) -> None:
        """Refuse a record of the owner's that counts for nothing, and its header, should that have come before."""
        batch.outcome.refused.append(record.id)
        rows = self._store.records.rows_of([record.id])
        if rows:
            self._store.records.delete([record.id])
            batch.people.add(record.header.author)
            batch.unread.add(record.header.author)

    def _compete(self, record: Record, state: RecordState, body: Body | None, batch: Batch) -> None:
        """Store a record if no newer one of its register is known here."""
        newest = self._store.records.newest(record.register)
        if newest is None:
            if record.header_only and not self._counts_alone(record, batch):
                batch.outcome.refused.append(record.id)  # nothing is held here that it supersedes
            else:
                self._put(record, state, body, batch)
            return
        twice = newest.id != record.id and newest.rank[:2] == record.rank[:2]
        if twice and not is_revocation(record.header):  # two of the owner's computers may both revoke a device
            self._store.records.note_fork(newest, record)
        policies = self._store.records.branches(record.register) if record.header.kind == Kind.POLICY else []
        current = self._store.records.current(record.register)
        in_use = policies or ([current] if current is not None else [])
        rows = {row.id: row for row in self._store.records.rows_of([one.id for one in in_use])}
        stay = versions_in_use(self._store, record)
        if self._put(record, state, body, batch, stay):
            batch.ended += [rows[one.id] for one in in_use if self._ends_use_of(one, record, stay)]
        else:
            batch.outcome.refused.append(record.id)
        self._note_newer(record, newest, batch)

    def _counts_alone(self, record: Record, batch: Batch) -> bool:
        """Whether a header matters although nothing is held here that it supersedes.

        The header of a revocation does. So does that of a policy by a device of which no policy is held: it may take
        back what policies by other devices of that person allow. So does that of a record that has ended: the older one
        was perhaps deleted here by a clock that is wrong, and others, to whom it is to be passed on, still have it.
        """
        header = record.header
        if batch.now_is_certain and header.latest_expiry <= batch.now:
            return True
        return is_revocation(header) or (header.kind == Kind.POLICY and self._trust_state.has_policy(header.author))

    def _ends_use_of(self, used: Record, record: Record, stay: Collection[RecordId]) -> bool:
        """Whether the version `used` is no longer in use since `record` was stored; `stay` are those that are."""
        if record.header_only:
            return used.id != record.id and used.header.version < record.header.min_valid_version
        return used.id not in {record.id, *stay}

    def _note_signed_record(self, record: Record, batch: Batch) -> None:
        """Remember what this device has signed; keep what a copy of it has, so that the two can be joined."""
        header = record.header
        if header.author != self._me or header.device != self._device or header.kind == Kind.DEVICE:
            return  # certificates are signed by the identity key
        if batch.source is None:
            self._store.signed_records.remember(record)
        elif not self._store.signed_records.knows(record):
            self._store.signed_records.hear(record, self._store.records.newest(record.register))

    def _note_own_profile(self, record: Record, profile: Profile) -> None:
        """Remember which device of the owner's brought up the texts of their profile."""
        if record.header.author == self._me:
            revoked = self._trust_state.revoked_devices(self._me)
            self._store.profile_texts.note(record.header.device, record.header.version, profile, revoked)

    def _put(
        self,
        record: Record,
        state: RecordState,
        body: Body | None,
        batch: Batch,
        stay: Sequence[RecordId] = (),
    ) -> bool:
        kept = self._store.records.put(
            record, state=state, received_from=batch.source, arrived=batch.now, body=body, branches=stay
        )
        if kept:
            self._stored(record, batch)
        return kept

    def _stored(self, record: Record, batch: Batch) -> None:
        batch.outcome.kept.append(record.id)
        batch.outcome.stored.append(record.id)
        kind = record.header.kind
        if kind in GRAPH_RECORD_KINDS:
            batch.people.add(record.header.author)
            batch.unread.add(record.header.author)
            batch.trust = batch.trust or kind in TRUST_KINDS
            if is_revocation(record.header):
                self._delete_records_of_revoked(record, batch)

    def _delete_records_of_revoked(self, record: Record, batch: Batch) -> None:
        """Delete everything that a revoked device wrote."""
        rows = self._store.records.rows(author=record.header.author)
        void = [row for row in rows if row.device == record.header.device and row.kind != Kind.DEVICE]
        self._store.records.delete([row.id for row in void])
        batch.ended += void

    # --- deciding about one record -----------------------------------------------------------------------------------

    def _state_for(self, record: Record, body: Body | None, batch: Batch) -> RecordState | Shortage | None:
        """Return the state to store `record` in, what it cannot be taken for now, or None to refuse it for good."""
        header = record.header
        certificate = self._trust_state.certificate(header.author, header.device)
        ended = self._has_ended(header, certificate, batch)
        in_use = RecordState.PAST if ended else RecordState.LIVE
        if header.kind == Kind.DEVICE:
            return self._if_within_quota(record, in_use, batch)
        if self._trust_state.revoked(header.author, header.device):
            revocation = self._store.records.newest((header.author, Kind.DEVICE, device_slot(header.device)))
            batch.outcome.newer += [Superseding(revocation, header.device)] if revocation is not None else []
            return None
        certified = header.author not in batch.made_way and self._trust_state.certified(header.author, header.device)
        if not certified:
            # Without a certificate a header must not supersede; it need not wait where it could supersede nothing.
            counts = self._counts_alone(record, batch) or self._store.records.newest(record.register) is not None
            waits = not record.header_only or counts
            return self._if_within_quota(record, RecordState.PENDING, batch) if waits else None
        takes_back = record.header_only or (record.withdrawn and header.kind != Kind.LETTER)
        # A letter that was withdrawn since it is blocked or done may still be opened by the one who holds it.
        if header.kind == Kind.POLICY or takes_back:
            return self._if_within_quota(record, in_use, batch)
        key = key_of(header, body)
        decision = Access.DENY if ended else self._decisions[key]
        if decision is Access.DENY and not record.withdrawn:
            batch.refuse_for_now(record, EXPIRED if ended else NOT_ALLOWED, key)
            return RecordState.HEADER  # this node may not have it: its header still supersedes older versions
        state = RecordState.PENDING if decision is Access.UNKNOWN else in_use
        return self._if_within_quota(record, state, batch)

    def _has_ended(self, header: Header, certificate: Certificate | None, batch: Batch) -> bool:
        """Whether it, or the certificate of the device that wrote it, has ended; no record of the owner's has."""
        if not batch.now_is_certain or header.author == self._me:
            return False
        return header.expires <= batch.now or (certificate is not None and certificate.expires <= batch.now)

    def _if_within_quota(self, record: Record, state: RecordState, batch: Batch) -> RecordState | Shortage:
        """Return `state`, or what is short where there is no room for the record."""
        if state is not RecordState.PENDING:
            short = self.quota.shortage(record, batch.source, disk_is_full=batch.disk_is_full)
            if short in _OTHERS_MAKE_WAY and batch.source is not None:
                charge = self.quota.charge(record)
                account = self.quota.account_of(charge.author, batch.source)
                fits, gone = self._room_maker.make_way_for(charge, account)
                self._note_gone(gone, batch)
                short = None if fits else short
            return short or state
        if batch.disk_is_full:
            return Shortage.DISK
        has_room = self.quota.pending_left(batch.source, takes_back=not record.body) > 0
        return state if has_room else Shortage.WAITING

    def _note_gone(self, gone: Gone, batch: Batch) -> None:
        """Take notice that these records have made way."""
        for row, size in gone:
            batch.ended.append(row)
            batch.evicted[row.id] = size
            batch.made_way.add(row.author)
            if row.kind in GRAPH_RECORD_KINDS:
                batch.people.add(row.author)
                batch.unread.add(row.author)
                batch.trust = True

    # --- before the commit ------------------------------------------------------------------------------------------

    def _finish(self, batch: Batch, unit: UnitOfWork, *, more: bool) -> None:
        self._refresh_trust_state(batch)
        self._reevaluator.note(batch.keys)
        reevaluated = Reevaluation()
        waited = self._reevaluator.gather(batch.source, batch.people, self._clock.monotonic(), more=more)
        self._note_gone(self._room_maker.finish(more=more), batch)
        self._refresh_trust_state(batch)
        if batch.trust or batch.people or waited:
            reevaluated = self._reevaluator.reevaluate(batch.people, batch.now if batch.now_is_certain else 0)
            batch.people |= reevaluated.people
        ended = [*batch.ended, *reevaluated.dropped]
        batch.outcome.stored = _without([*batch.outcome.stored, *reevaluated.released], [row.id for row in ended])
        unit.note(
            stored=batch.outcome.stored,
            rows=batch.rows,
            ended=ended,
            people=batch.people,
            trust=batch.trust,
            evicted=batch.evicted,
        )


def _is_past(record: Record, now: int) -> bool:
    """Whether a record has ended, and no older version of it can be alive either.

    What takes something back, or may do so, has no end here: a relay whose clock is wrong must not keep a block or a
    withdrawal from those behind it. Nor does it matter that a record seems to come from the future.
    """
    if record.header_only or record.withdrawn or record.header.kind in TAKES_BACK:
        return False
    return record.header.latest_expiry <= now


def _without(ids: Iterable[RecordId], dropped: Iterable[RecordId]) -> list[RecordId]:
    left_out = set(dropped)
    return [id_ for id_ in ids if id_ not in left_out]
