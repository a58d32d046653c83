"""Decides about one record that is taken in: in which state it is kept, what it cannot be taken for now, or that it is not.

It asks the rule, the certificates and the quota, and lets others make way where room is short.
"""

from __future__ import annotations

from meshnode.replica.access import Access, AccessCache, AccessPolicy, key_of
from meshnode.replica.batch import Batch
from meshnode.replica.changes import Superseding
from meshnode.replica.make_room import RoomMaker
from meshnode.replica.quota import Quota, Shortage
from meshnode.replica.refused_record import EXPIRED, NOT_ALLOWED
from meshnode.replica.trust_state import Certificate, TrustState
from meshnode.store import RecordState, Store
from protocol import Body, Header, Kind, PersonId, Record, device_slot, is_revocation

OTHERS_MAKE_WAY = (Shortage.ALL, Shortage.INTRODUCER)  # where room is short, and not the author's or the strangers'


class RecordJudge:
    """Decides for the node of the person `me`, inside the transactions of ingest."""

    def __init__(
        self,
        store: Store,
        trust_state: TrustState,
        access: AccessPolicy,
        quota: Quota,
        room_maker: RoomMaker,
        me: PersonId,
    ) -> None:
        self._store = store
        self._trust_state = trust_state
        self._quota = quota
        self._room_maker = room_maker
        self._me = me
        self._decisions = AccessCache(access, me)

    def refresh(self) -> None:
        """Follow what the trust state has read."""
        self._decisions.refresh()

    def state_for(self, record: Record, body: Body | None, batch: Batch) -> RecordState | Shortage | None:
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
        if not self.is_proved(header, batch):
            # Without a certificate a header must not supersede; it need not wait where it could supersede nothing.
            counts = self.counts_alone(record, batch) or self._store.records.newest(record.register) is not None
            waits = not record.header_only or counts
            return self._if_within_quota(record, RecordState.PENDING, batch) if waits else None
        takes_back = record.header_only or self._takes_back(record)
        if header.kind == Kind.POLICY or takes_back:
            return self._if_within_quota(record, in_use, batch)
        key = key_of(header, body)
        decision = Access.DENY if ended else self._decisions[key]
        if decision is Access.DENY and not record.withdrawn:
            batch.refuse_for_now(record, EXPIRED if ended else NOT_ALLOWED, key)
            return RecordState.HEADER  # this node may not have it: its header still supersedes older versions
        state = RecordState.PENDING if decision is Access.UNKNOWN else in_use
        return self._if_within_quota(record, state, batch)

    def is_proved(self, header: Header, batch: Batch) -> bool:
        """Whether a certificate that is held proves who wrote it."""
        return header.author not in batch.made_way and self._trust_state.certified(header.author, header.device)

    def _takes_back(self, record: Record) -> bool:
        """Whether it is withdrawn and waits for nothing.

        Letters are many, and a withdrawn one says nothing about its addressee. One of which nothing is held here is decided
        about like any other record: else people of whom no policy is known could fill the room for them.
        """
        if not record.withdrawn:
            return False
        return record.header.kind != Kind.LETTER or self._store.records.newest(record.register) is not None

    def _has_ended(self, header: Header, certificate: Certificate | None, batch: Batch) -> bool:
        """Whether it, or the certificate of the device that wrote it, has ended; no record of the owner's has."""
        if header.author == self._me:
            return False
        return header.expires <= batch.ended_by or (certificate is not None and certificate.expires <= batch.ended_by)

    def _if_within_quota(self, record: Record, state: RecordState, batch: Batch) -> RecordState | Shortage:
        """Return `state`, or what is short where there is no room for the record."""
        if state is not RecordState.PENDING:
            short = self._quota.shortage(record, batch.source, disk_is_full=batch.disk_is_full)
            if short in OTHERS_MAKE_WAY and batch.source is not None:
                charge = self._quota.charge(record)
                account = self._quota.account_of(charge.author, batch.source)
                fits, gone = self._room_maker.make_way_for(charge, account)
                batch.note_gone(gone)
                short = None if fits else short
            return short or state
        if batch.disk_is_full:
            return Shortage.DISK
        has_room = self._quota.pending_left(batch.source, takes_back=not record.body) > 0
        return state if has_room else Shortage.WAITING

    def counts_alone(self, record: Record, batch: Batch) -> bool:
        """Whether a header matters although nothing is held here that it supersedes.

        The header of a revocation does. So does that of a policy by a device of which no policy is held: it may take
        back what policies by other devices of that person allow. So does that of a record that has ended: the older one
        was perhaps deleted here by a clock that is wrong, and others, to whom it is to be passed on, still have it.
        """
        header = record.header
        if header.latest_expiry <= batch.ended_by:
            return True
        return is_revocation(header) or (header.kind == Kind.POLICY and self._trust_state.has_policy(header.author))
