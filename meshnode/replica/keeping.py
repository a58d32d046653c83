"""Puts a record that is taken into its register, and works out which versions it takes out of use.

Ingest decides whether a record is taken and in which state. Here it competes with what is held of its register, and what
follows from that is noted in the batch: what has ended, what the sender may not know of yet, and forks.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from meshnode.replica.access import key_of
from meshnode.replica.batch import GRAPH_RECORD_KINDS, Batch
from meshnode.replica.branches import versions_in_use
from meshnode.replica.changes import Superseding
from meshnode.replica.judging import RecordJudge
from meshnode.replica.refused_record import UNDECIDED
from meshnode.replica.trust_state import TrustState
from meshnode.store import RecordState, Row, Store
from protocol import Body, DeviceId, Kind, PersonId, Policy, Profile, Record, RecordId, is_revocation
from protocol.session import Base

_IN_USE = (RecordState.LIVE, RecordState.PAST)


class RecordKeeper:
    """Keeps records for the node of the person and device `writer`, inside the transactions of ingest."""

    def __init__(
        self, store: Store, trust_state: TrustState, judge: RecordJudge, writer: tuple[PersonId, DeviceId]
    ) -> None:
        self._store = store
        self._trust_state = trust_state
        self._judge = judge
        self._me, self._device = writer

    def keep(self, record: Record, state: RecordState, body: Body | None, batch: Batch) -> None:
        """Keep a record that is taken in this state, unless a newer one of its register is known here."""
        self._note_signed_record(record, batch)
        if state in _IN_USE and isinstance(body, Profile):
            self._note_own_profile(record, body)
        if state in _IN_USE:
            batch.keys.add(key_of(record.header, body))
        if state is RecordState.PENDING:
            if not self._put(
                record, state, body, batch
            ):  # its header is proved and stays, so it cannot wait here itself
                batch.refuse_for_now(record, UNDECIDED, key_of(record.header, body))
                batch.outcome.refused.append(record.id)
        elif state is RecordState.HEADER or record.header_only:
            self.keep_header(record, batch)
        elif self._store.records.put_new(record, state=state, received_from=batch.source, arrived=batch.now, body=body):
            batch.rows[record.id] = Row.of(record, state, body)
            self._stored(record, batch)
        else:
            self._compete(record, state, body, batch)

    def keep_header(self, record: Record, batch: Batch) -> None:
        """Keep the header alone: it still takes older versions out of use."""
        self._compete(record.without_body(), RecordState.HEADER, None, batch)

    def keep_known(self, record: Record, batch: Batch) -> None:
        """Note that a record is held already; its sender may have to learn of a newer one."""
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

    def void(self, record: Record, batch: Batch) -> None:
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
            if record.header_only and not self._judge.counts_alone(record, batch):
                batch.outcome.refused.append(record.id)  # nothing is held here that it supersedes
            else:
                self._put(record, state, body, batch)
            return
        twice = newest.id != record.id and newest.rank[:2] == record.rank[:2]
        if twice and not is_revocation(record.header):  # two of the owner's computers may both revoke a device
            self._store.records.note_fork(newest, record)
        in_use = self._store.records.in_use(record.register)
        stay = versions_in_use(in_use, record, body) if record.header.kind == Kind.POLICY else []
        ending = [one.id for one in in_use if self._ends_use_of(one, record, stay)]
        rows = self._store.records.rows_of(ending) if ending else []
        if self._put(record, state, body, batch, stay):
            batch.ended += rows
            _note_base(record, in_use, batch)
        else:
            batch.outcome.refused.append(record.id)
        self._note_newer(record, newest, batch)

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
            if isinstance(body, Policy):
                self._trust_state.note_read(record, body)
            self._stored(record, batch)
        return kept

    def _stored(self, record: Record, batch: Batch) -> None:
        batch.note_stored(record)
        if is_revocation(record.header):
            self._delete_records_of_revoked(record, batch)
        elif record.body and record.header.kind not in GRAPH_RECORD_KINDS and self._store.records.count_pending():
            batch.withdrawals += self._store.records.withdrawals_waiting(record.register)

    def _delete_records_of_revoked(self, record: Record, batch: Batch) -> None:
        """Delete everything that a revoked device wrote."""
        rows = self._store.records.rows(author=record.header.author)
        void = [row for row in rows if row.device == record.header.device and row.kind != Kind.DEVICE]
        self._store.records.delete([row.id for row in void])
        batch.ended += void


def _note_base(record: Record, in_use: Sequence[Record], batch: Batch) -> None:
    """Note the newest of these older versions, from whose body the record's may follow, for peers that have it."""
    older = next((one for one in in_use if one.rank < record.rank), None)
    if older is None or not record.body or older.body is None:
        return
    if record.header.kind == Kind.POLICY or older.header.body_hash == record.header.body_hash:
        batch.bases[record.id] = Base((older.header.created, older.id), older.body)
