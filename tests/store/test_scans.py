"""Scans, sums and transactions over the records held."""

from __future__ import annotations

import pytest

from meshnode.store import RecordState, Store
from protocol import Kind
from protocol.limits import DAY
from tests.support.people import NOW
from tests.support.registers import ALICE, BOB, put, version


def test_a_row_has_the_fields_that_decisions_need(store: Store) -> None:
    record = ALICE.listing(place="881f1d4885fffff", min_valid_version=0)
    put(store, record)
    (row,) = store.records.rows()
    header = record.header
    assert row == (
        record.id, Kind.LISTING, ALICE.id, ALICE.device, header.slot, 1, header.audience, 1, NOW, header.expires, 0,
        RecordState.LIVE, "881f1d4885fffff", None, True, False,
    )  # fmt: skip
    assert store.records.rows_of([BOB.listing().id, record.id]) == [row]


def test_rows_are_selected_by_kind_author_and_state(store: Store) -> None:
    for person in (ALICE, BOB):
        for record in (person.certificate(), person.policy(), person.profile(), person.listing()):
            put(store, record, RecordState.PENDING if record.header.kind == Kind.PROFILE else RecordState.LIVE)

    def found(**which: object) -> set[tuple[bytes, int]]:
        return {(row.author, row.kind) for row in store.records.rows(**which)}  # type: ignore[arg-type]

    assert found(kinds=[Kind.POLICY, Kind.LISTING]) == {(p.id, k) for p in (ALICE, BOB) for k in (2, 5)}
    assert found(author=BOB.id, kinds=[Kind.DEVICE]) == {(BOB.id, 1)}
    assert found(states=[RecordState.PENDING]) == {(ALICE.id, 3), (BOB.id, 3)}
    assert found(states=[RecordState.LIVE, RecordState.PENDING], author=ALICE.id) == {
        (ALICE.id, k) for k in (1, 2, 3, 5)
    }
    assert found(kinds=[]) == found(states=[]) == set()
    assert [r.header.author for r in store.records.bodies(Kind.POLICY, author=BOB.id)] == [BOB.id]


def test_a_scan_goes_on_while_its_caller_deletes_what_it_sees(store: Store) -> None:
    with store.transaction():
        for number in range(4500):
            put(store, ALICE.record(Kind.LISTING, number.to_bytes(16, "big"), b"", life=DAY))
    seen = 0
    for row in store.records.rows():
        seen += store.records.delete([row.id])
    assert seen == 4500
    assert store.records.count() == 0


def test_usage_per_author_follows_every_change(store: Store) -> None:
    put(store, version(1))
    put(store, BOB.listing())
    assert store.records.count(ALICE.id) == 1
    assert store.records.bytes_of(ALICE.id) == len(version(1).wire)
    put(store, version(2).without_body())
    put(store, ALICE.profile())
    store.records.drop_bodies([ALICE.profile().id])
    store.records.delete([BOB.listing().id])
    expected = [version(1).wire, version(2).without_body().wire, ALICE.profile().without_body().wire]
    assert store.records.count(ALICE.id) == store.records.count() == 3
    assert store.records.bytes_of(ALICE.id) == store.records.bytes_of() == sum(map(len, expected))


def test_the_proof_of_a_fork_is_kept_once_for_each_device(store: Store) -> None:
    one, other, third = version(1), ALICE.listing(version=1, text="a second one"), ALICE.listing(version=1, text="3")
    store.records.note_fork(one, other)
    store.records.note_fork(one, third)
    ((kept, against),) = store.records.forks()
    assert (kept.id, against.id) == (one.id, other.id)


# --- transactions ----------------------------------------------------------------------------------------------------


class Undone(Exception):
    """Raised by tests in the middle of a transaction."""


def test_a_failed_transaction_changes_nothing(store: Store) -> None:
    put(store, BOB.listing())
    assert store.records.count(BOB.id) == 1

    def half_way() -> None:
        with store.transaction():
            put(store, version(1))
            put(store, version(2), RecordState.PENDING)
            store.records.delete([BOB.listing().id])
            raise Undone

    with pytest.raises(Undone):
        half_way()
    assert [row.author for row in store.records.rows()] == [BOB.id]
    assert (store.records.count(ALICE.id), store.records.count(BOB.id), store.records.count_pending()) == (0, 1, 0)
    put(store, version(1))
    assert [row.author for row in store.records.rows(author=ALICE.id)] == [ALICE.id]


def test_transactions_do_not_nest(store: Store) -> None:
    with pytest.raises(RuntimeError, match="nest"), store.transaction(), store.transaction():
        pass
    put(store, version(1))
    assert store.records.count() == 1
