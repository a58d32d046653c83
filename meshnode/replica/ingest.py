"""Takes records in: the only way into the store, for own and for foreign records.

A batch is verified, checked, decided about and committed in one transaction. Nothing in it trusts the sender:
signatures, certificates, bodies, lifetimes, quotas and the audience are checked for foreign and own records alike. A
record that fails a check is refused and named in the result; the rest of the batch is kept. The order inside a batch
does not matter: certificates, policies and joins are applied first, and records that waited for one of them are
reevaluated before the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from meshnode.clock import Clock
from meshnode.replica.access import AccessPolicy, key_of
from meshnode.replica.batch import Batch, IngestResult
from meshnode.replica.judging import OTHERS_MAKE_WAY, RecordJudge
from meshnode.replica.keeping import RecordKeeper
from meshnode.replica.leaps import Leaps
from meshnode.replica.make_room import RoomMaker
from meshnode.replica.parts import turn_at
from meshnode.replica.quota import Quota, Shortage
from meshnode.replica.reevaluate import Reevaluation, Reevaluator
from meshnode.replica.refused_record import EXPIRED, PAUSED
from meshnode.replica.transaction import Transactions, UnitOfWork
from meshnode.replica.trust_state import TrustState
from meshnode.store import Store
from protocol import (
    Body,
    Code,
    DeviceId,
    Join,
    Kind,
    PersonId,
    Policy,
    Record,
    RecordId,
    RemoteError,
    body_of,
    check_header,
    verify_signature,
)
from protocol.trust import check_membership

TAKES_BACK = frozenset({Kind.DEVICE, Kind.POLICY})  # a revocation, or a block and a vouch that is lower than before

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
        self._reevaluator = reevaluator
        self._transactions = transactions
        self._clock = clock
        self._me = me = writer[0]
        self._verifier = verifier
        self.leaps = Leaps(store, me)
        self.quota = quota
        """The limits for records of others."""
        self._room_maker = RoomMaker(store, quota, trust_state, reevaluator, me)
        self._judge = RecordJudge(store, trust_state, access, quota, self._room_maker, me)
        self._keeper = RecordKeeper(store, trust_state, self._judge, writer)

    def receive(self, records: Sequence[Record], source: PersonId | None = None, *, more: bool = False) -> IngestResult:
        """Take in `records` that the person `source` has sent (None: this node wrote them); return the outcome.

        `more` says that they are a part of what is on its way: certificates and policies among them that this node may
        not have by what is known so far are kept until the rest is here, or GATHERING_SECONDS have passed.

        All that is kept is committed when this returns, or, inside an open transaction of the replica, together with
        that transaction; the change is published after the commit. A record that is at fault is named in the result and
        raises nothing. Raises StorageFull or StorageFailed where the disk does not take the commit; nothing is kept
        then.
        """
        batch = Batch(IngestResult(), source, self._clock.now(), self._clock.ended_by(), self.quota.disk_is_full)
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
            elif _is_past(record, batch.ended_by) and not self._is_known(record):
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

    # --- inside the transaction --------------------------------------------------------------------------------------

    def _apply(self, verified: Iterable[tuple[Record, bool]], batch: Batch) -> None:
        """Take the records kind by kind: each kind may decide about those that follow."""
        for _, group in groupby(verified, key=lambda pair: self._turn(pair[0])):
            self._refresh_trust_state(batch)
            self._judge.refresh()
            for record, good in group:
                try:
                    if not good:
                        raise RemoteError(Code.FORGED, "its signature does not hold")
                    if (record.id, record.header_only) in batch.known:
                        self._keeper.keep_known(record, batch)
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
        state = self._judge.state_for(record, body, batch)
        if isinstance(state, Shortage):
            batch.refuse_for_now(record, state, key_of(record.header, body), self.quota.charge(record))
            known = record.header.kind != Kind.DEVICE and self._store.records.newest(record.register) is not None
            if state is not Shortage.WAITING and known and self._judge.is_proved(record.header, batch):
                # There is always room for a header: without it an older version would still be in use.
                self._keeper.keep_header(record, batch)
            else:
                batch.outcome.refused.append(record.id)
            if isinstance(body, Policy) and state in OTHERS_MAKE_WAY:
                batch.note_gone(self._room_maker.let_go(record.header.author))
            return
        if state is None:
            batch.outcome.refused.append(record.id)
            return
        self._keeper.keep(record, state, body, batch)

    def _is_refused_by_number(self, record: Record, body: Body | None, batch: Batch) -> bool:
        """Refuse a version that leaps, of the owner's, and for now one of a policy that follows too many others."""
        if self.leaps.leaps(record, body):
            self._keeper.void(record, batch)
            return True
        return isinstance(body, Policy) and self._comes_too_soon(record, body, batch)

    def _comes_too_soon(self, record: Record, body: Policy, batch: Batch) -> bool:
        header = record.header
        newest = self._store.records.newest(record.register)
        if header.author == self._me or newest is None or newest.rank > record.rank:
            return False
        if not self._trust_state.certified(header.author, header.device):
            return False
        # Of a version that was put off before, the header is held: its body comes at the pace of what takes back.
        takes_back = newest.id == record.id or header.min_valid_version > newest.header.min_valid_version
        if self.quota.policy_pace.take((header.author, header.device), takes_back=takes_back):
            return False
        batch.refuse_for_now(record, PAUSED, key_of(header, body))
        if takes_back:
            self._keeper.keep_header(record, batch)
        else:
            batch.outcome.refused.append(record.id)
        return True

    # --- before the commit ------------------------------------------------------------------------------------------

    def _finish(self, batch: Batch, unit: UnitOfWork, *, more: bool) -> None:
        self._refresh_trust_state(batch)
        self._reevaluator.note(batch.keys)
        reevaluated = Reevaluation()
        waited = self._reevaluator.gather(batch.source, batch.people, self._clock.monotonic(), more=more)
        batch.note_gone(self._room_maker.finish(more=more))
        self._refresh_trust_state(batch)
        if batch.people or waited:  # a change of trust names the people whom it concerns
            reevaluated = self._reevaluator.reevaluate(batch.people, batch.ended_by)
            batch.people |= reevaluated.people
        elif batch.withdrawals:
            reevaluated = self._reevaluator.release(batch.withdrawals, batch.ended_by)
        ended = [*batch.ended, *reevaluated.dropped]
        batch.outcome.stored = _without([*batch.outcome.stored, *reevaluated.released], [row.id for row in ended])
        unit.note(
            stored=batch.outcome.stored,
            rows=batch.rows,
            ended=ended,
            people=batch.people,
            trust=batch.trust,
            evicted=batch.evicted,
            bases=batch.bases,
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
