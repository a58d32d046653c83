"""Versions of one listing of Alice's, and how tests put them into a store."""

from __future__ import annotations

from meshnode.store import RecordState, Store
from protocol import Record
from protocol.limits import DAY
from tests.support.people import NOW, Person

ALICE = Person("Alice")
BOB = Person("Bob")


def put(store: Store, record: Record, state: RecordState = RecordState.LIVE, *, arrived: int = NOW) -> bool:
    if record.header_only and state is not RecordState.PENDING:
        state = RecordState.HEADER
    return store.records.put(record, state=state, received_from=BOB.id, arrived=arrived)


def version(
    number: int, *, min_valid_version: int = 0, life: int = 30 * DAY, latest_expiry: int | None = None
) -> Record:
    return ALICE.listing(version=number, min_valid_version=min_valid_version, life=life, latest_expiry=latest_expiry)


REGISTER = version(1).register


def states(store: Store) -> dict[int, RecordState]:
    return {row.version: RecordState(row.state) for row in store.records.rows()}
