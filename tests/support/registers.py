"""Versions of one listing of Alice's, and how tests put them into a store."""

from __future__ import annotations

from meshnode.store import State, Store
from protocol import Record
from protocol.limits import DAY
from tests.support.people import NOW, Person

ALICE = Person("Alice")
BOB = Person("Bob")


def put(store: Store, record: Record, state: State = State.LIVE, *, arrived: int = NOW) -> bool:
    if record.header_only and state is not State.HELD:
        state = State.HEADER
    return store.records.put(record, state=state, received_from=BOB.id, arrived=arrived)


def version(number: int, *, floor: int = 0, life: int = 30 * DAY, outlives: int | None = None) -> Record:
    return ALICE.listing(version=number, floor=floor, life=life, outlives=outlives)


REGISTER = version(1).register


def states(store: Store) -> dict[int, State]:
    return {row.version: State(row.state) for row in store.records.rows()}
