"""The store against a simple model of it: any sequence of puts, releases, drops, purges and restarts ends alike."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from meshnode.store import RecordState, Store
from protocol import Kind, Record, RecordId
from protocol.limits import DAY, PENDING_LIFE, SUSPENDED_LIFE, TOMBSTONE_GRACE
from tests.support.people import NOW, Person

PEOPLE = [Person("Alice"), Person("Alice", "phone"), Person("Bob")]
SLOT = bytes(16)
STEP = 3 * DAY


@dataclass
class Held:
    """What the model knows of one record."""

    record: Record
    state: RecordState
    arrived: int
    since: int  # when it got this state

    @property
    def usable(self) -> bool:
        return not self.record.header_only and not self.record.withdrawn


class Model:
    """Registers as lists: slow, and written as the rule says."""

    def __init__(self) -> None:
        self.proved: list[Held] = []
        self.waiting: list[Held] = []

    def put(self, record: Record, state: RecordState, now: int) -> None:
        known = {held.record.id: held for held in self.proved}.get(record.id)
        if known is not None and (record.header_only or not known.record.header_only):
            return
        if state is RecordState.PENDING:
            if known is None and all(held.record.id != record.id for held in self.waiting):
                self.waiting.append(Held(record, state, now, now))
            return
        self.waiting = [held for held in self.waiting if held.record.id != record.id]
        self.proved = [held for held in self.proved if held.record.id != record.id]
        self.proved.append(Held(record, state, now, now))
        self._settle(record.register)

    def _settle(self, register: object) -> None:
        """Keep the newest and, if that is header only, the newest that can be used."""
        here = sorted((held for held in self.proved if held.record.register == register), key=lambda h: h.record.rank)
        if not here:
            return
        newest = here[-1]
        keep = [newest]
        if newest.record.header_only:
            keep += [held for held in here if held.usable][-1:]
        for held in keep[1:]:
            if (
                held.record.header.version < newest.record.header.min_valid_version
                and held.state is not RecordState.SUSPENDED
            ):
                held.state, held.since = RecordState.SUSPENDED, max(newest.arrived, held.arrived)
        gone = [held for held in here if held not in keep]
        self.proved = [held for held in self.proved if held not in gone]

    def release(self, record_id: RecordId) -> None:
        for held in [held for held in self.waiting if held.record.id == record_id]:
            self.waiting.remove(held)
            self.put(held.record, RecordState.LIVE, held.arrived)

    def drop(self, record_id: RecordId) -> None:
        self.waiting = [held for held in self.waiting if held.record.id != record_id]
        for held in [held for held in self.proved if held.record.id == record_id]:
            newest = max(h.record.rank for h in self.proved if h.record.register == held.record.register)
            if held.record.rank == newest:
                held.record, held.state = held.record.without_body(), RecordState.HEADER
            else:
                self.proved.remove(held)

    def purge(self, now: int) -> None:
        self.waiting = [h for h in self.waiting if now < _due(h)]
        for held in [held for held in self.proved if now >= _due(held)]:
            header = held.record.header
            first = all(
                h.record.rank <= held.record.rank for h in self.proved if h.record.register == held.record.register
            )
            superseding = (
                held.usable and header.expires < header.latest_expiry and now < header.latest_expiry + TOMBSTONE_GRACE
            )
            if first and (now < held.arrived + 2 * TOMBSTONE_GRACE if _came_late(held) else superseding):
                held.record, held.state = held.record.without_body(), RecordState.HEADER
            else:
                self.proved.remove(held)

    def contents(self) -> set[tuple[RecordId, int, bool]]:
        return {(h.record.id, int(h.state), h.record.header_only) for h in [*self.proved, *self.waiting]}


def _came_late(held: Held) -> bool:
    return held.arrived >= held.record.header.expires


def _due(held: Held) -> int:
    header = held.record.header
    if held.state is RecordState.PAST:
        return held.arrived + TOMBSTONE_GRACE
    if not held.usable:
        grace = TOMBSTONE_GRACE * (2 if _came_late(held) else 1)
        return max(header.latest_expiry + TOMBSTONE_GRACE, held.arrived + grace)
    if held.state is RecordState.SUSPENDED:
        return min(header.expires, held.since + SUSPENDED_LIFE)
    if held.state is RecordState.PENDING:
        return min(header.expires, held.arrived + PENDING_LIFE)
    return header.expires


class StoreAgainstModel(RuleBasedStateMachine):
    """Both get the same calls and must hold the same records."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.path = Path(self.directory.name) / "store.db"
        self.store = Store.open(self.path)
        self.model = Model()
        self.now = NOW
        self.seen: list[Record] = []

    @rule(
        person=st.sampled_from(PEOPLE),
        version=st.integers(1, 4),
        shape=st.sampled_from(["whole", "header", "withdrawn"]),
        may_reduce_access=st.booleans(),
        life=st.integers(1, 8),
        state=st.sampled_from([RecordState.LIVE, RecordState.LIVE, RecordState.PENDING, RecordState.PAST]),
    )
    def put(
        self, person: Person, version: int, shape: str, may_reduce_access: bool, life: int, state: RecordState
    ) -> None:
        expires = NOW + life * STEP
        min_valid_version = version if may_reduce_access else 0
        latest_expiry = NOW + 8 * STEP
        if shape == "withdrawn":
            record = person.record(
                Kind.LISTING,
                SLOT,
                b"",
                version=version,
                min_valid_version=min_valid_version,
                expires=expires,
                latest_expiry=latest_expiry,
            )
        else:
            record = person.listing(
                version=version,
                slot=SLOT,
                min_valid_version=min_valid_version,
                expires=expires,
                latest_expiry=latest_expiry,
            )
        if shape == "header":
            record = record.without_body()
            state = RecordState.HEADER if state is RecordState.LIVE else state
        self.put_again(record, state)
        self.seen.append(record)

    @precondition(lambda self: self.seen)
    @rule(data=st.data(), state=st.sampled_from([RecordState.LIVE, RecordState.PENDING]))
    def put_what_was_seen_before(self, data: st.DataObject, state: RecordState) -> None:
        record = data.draw(st.sampled_from(self.seen))
        self.put_again(record, RecordState.HEADER if record.header_only and state is RecordState.LIVE else state)

    def put_again(self, record: Record, state: RecordState) -> None:
        self.store.records.put(record, state=state, received_from=PEOPLE[2].id, arrived=self.now)
        self.model.put(record, state, self.now)

    @precondition(lambda self: self.model.waiting)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        record_id = data.draw(st.sampled_from([held.record.id for held in self.model.waiting]))
        self.store.records.set_state([record_id], RecordState.LIVE)
        self.model.release(record_id)

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        record_id = data.draw(st.sampled_from(self.seen)).id
        self.store.records.drop_bodies([record_id])
        self.model.drop(record_id)

    @rule(steps=st.integers(0, 4))
    def purge(self, steps: int) -> None:
        self.now += steps * STEP
        self.store.records.purge(self.now)
        self.model.purge(self.now)

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.store = Store.open(self.path)

    @invariant()
    def both_hold_the_same(self) -> None:
        held = {(row.id, row.state, not row.complete) for row in self.store.records.rows()}
        assert held == self.model.contents()
        assert self.store.records.count_pending() == len(self.model.waiting)

    @invariant()
    def sums_are_what_they_are_sums_of(self) -> None:
        for person in PEOPLE:
            wires = [held.record.wire for held in self.model.proved if held.record.header.author == person.id]
            assert self.store.records.count(person.id) == len(wires)
            assert self.store.records.bytes_of(person.id) == sum(map(len, wires))

    @invariant()
    def every_register_answers_with_its_newest_and_the_one_in_use(self) -> None:
        for register in {record.register for record in self.seen}:
            here = sorted((h for h in self.model.proved if h.record.register == register), key=lambda h: h.record.rank)
            assert self.store.records.newest(register) == (here[-1].record if here else None)
            usable = [held.record for held in here if held.usable]
            assert self.store.records.current(register) == (usable[-1] if usable else None)

    def teardown(self) -> None:
        self.store.close()
        self.directory.cleanup()


StoreAgainstModel.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestStoreAgainstModel = StoreAgainstModel.TestCase
