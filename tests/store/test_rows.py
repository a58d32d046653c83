"""A row is the same whether it is made from a record that is stored or read from the store."""

from __future__ import annotations

import pytest

from meshnode.store import RecordState, Row, Store
from protocol import Kind, Letter, Record, body_of
from tests.support.people import NOW, Person, grown
from tests.support.sample_records import RECORDS

ALICE = Person("Alice")
PLACE = "881f1d4895fffff"
LETTER = ALICE.record(
    Kind.LETTER,
    bytes(16),
    Letter(bytes(16), grown("tag", size=16), tuple(bytes([n]) * 80 for n in range(4)), bytes(24), bytes(512 + 16)),
    life=60,
)
ROWS = {**RECORDS, "listing with a place": ALICE.listing("Ladder", place=PLACE), "letter": LETTER}


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("parsed", [True, False])
def test_the_row_of_a_record_is_the_one_that_the_store_returns(store: Store, name: str, parsed: bool) -> None:
    record: Record = ROWS[name]
    state = RecordState.HEADER if record.header_only else RecordState.LIVE
    body = body_of(record) if record.body else None
    store.records.put(record, state=state, received_from=None, arrived=NOW, body=body if parsed else None)
    assert list(store.records.rows_of([record.id])) == [Row.of(record, state, body)]
