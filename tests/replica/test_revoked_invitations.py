"""Who is a member follows from the joins and revocations that are held, in whichever order they came."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshnode.replica.trust_state import TrustState
from meshnode.store import RecordState, Store
from protocol import Record
from protocol.trust import invitation_tag
from tests.support.chains import begun, follows, join_record
from tests.support.people import NOW, Person

ALICE, BOB, CAROL, DAN = (Person(name) for name in ("Alice", "Bob", "Carol", "Dan"))
PHONE = ALICE.on("phone")
FOUNDERS = begun(ALICE)
CHAINS = {
    ALICE: FOUNDERS,
    BOB: follows(FOUNDERS, PHONE, BOB),
    CAROL: follows(follows(FOUNDERS, PHONE, BOB), BOB, CAROL),
    DAN: follows(FOUNDERS, PHONE, DAN),
}
KEEPS_BOB = PHONE.revocation(kept=(invitation_tag(FOUNDERS.group_id, BOB.id),))
KEEPS_DAN = PHONE.revocation(NOW + 1, kept=(invitation_tag(FOUNDERS.group_id, DAN.id),))
KEEPS_NOBODY = PHONE.revocation(NOW + 2)
FIRST = [person.certificate() for person in (*CHAINS, PHONE)]
JOINS = [join_record(person, join) for person, join in CHAINS.items()]


def members(state: TrustState) -> set[str]:
    """Return the names of the members."""
    known = state.groups.members_known(FOUNDERS.group_id)
    return {person.name for person in CHAINS if person.id in known}


def keep(store: Store, state: TrustState, record: Record) -> None:
    """Keep a record as ingest does, and have the trust state read it."""
    with store.transaction():
        kind = RecordState.HEADER if record.header_only else RecordState.LIVE
        store.records.put(record, state=kind, received_from=None, arrived=NOW)
    state.refresh(store, [record.header.author])


def after(*records: Record) -> tuple[Store, TrustState]:
    """Return the state after these records came, one at a time."""
    store, state = Store.open(":memory:"), TrustState()
    for record in records:
        keep(store, state, record)
    return store, state


@given(st.permutations([*FIRST, *JOINS, KEEPS_BOB]))
def test_members_do_not_depend_on_the_order_in_which_records_come(records: list[Record]) -> None:
    store, state = after(*records)
    assert members(state) == {"Alice", "Bob", "Carol"}
    assert [join.group_id for join in state.void_joins(DAN.id)] == [FOUNDERS.group_id]
    again = TrustState()
    again.load(store)
    assert members(again) == members(state)


@pytest.mark.parametrize("order", list(permutations([KEEPS_BOB, KEEPS_DAN, KEEPS_NOBODY])))
def test_of_two_revocations_of_one_device_the_same_one_counts_everywhere(order: tuple[Record, ...]) -> None:
    """Two computers of Alice revoke her phone without hearing of each other; and an old one of them is shown again."""
    wins = max(order, key=lambda record: record.rank)
    _, alone = after(*FIRST, *JOINS, wins)
    for records in ([*FIRST, *JOINS, *order], [*order, *FIRST, *JOINS], [*FIRST, *order, *JOINS, *order]):
        _, state = after(*records)
        assert members(state) == members(alone)


def test_the_people_whose_membership_a_revocation_changes_are_named() -> None:
    store, state = after(*FIRST, *JOINS)
    with store.transaction():
        store.records.put(KEEPS_DAN, state=RecordState.LIVE, received_from=None, arrived=NOW)
    before = state.version
    assert state.refresh(store, [ALICE.id]) == {BOB.id, CAROL.id, DAN.id}
    assert state.read_since(before) == frozenset({ALICE.id, BOB.id, CAROL.id, DAN.id})
    assert members(state) == {"Alice", "Dan"}
    assert state.refresh(store, [ALICE.id]) == frozenset()


def test_while_only_the_header_of_a_revocation_is_known_memberships_are_in_doubt() -> None:
    store, state = after(*FIRST, *JOINS, KEEPS_BOB.without_body())
    assert members(state) == {"Alice"}
    doubtful = state.graph_with_suspended()
    assert doubtful is not None
    slot = FOUNDERS.slot
    assert all(state.in_slot(person.id, slot, doubtful) for person in (BOB, CAROL, DAN))
    keep(store, state, KEEPS_BOB)
    assert members(state) == {"Alice", "Bob", "Carol"}
    assert state.graph_with_suspended() is None


def test_a_revocation_that_is_undone_with_its_transaction_ends_no_membership() -> None:
    store, state = after(*FIRST, *JOINS)
    before = state.version

    def interrupted() -> None:
        with store.transaction():
            store.records.put(KEEPS_BOB, state=RecordState.LIVE, received_from=None, arrived=NOW)
            state.refresh(store, [ALICE.id])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    state.restore(store, before)
    assert members(state) == {"Alice", "Bob", "Carol", "Dan"}


def test_a_revocation_decides_about_joins_only_while_one_is_held_that_relies_on_its_device() -> None:
    store, state = after(*FIRST, *JOINS, KEEPS_BOB)
    assert state.decides_about_joins(ALICE.id, PHONE.device)
    assert not state.decides_about_joins(ALICE.id, ALICE.device)
    assert not state.decides_about_joins(BOB.id, BOB.device)
    with store.transaction():
        store.records.delete([record.id for record in JOINS])
    state.refresh(store, [person.id for person in CHAINS])
    assert not state.decides_about_joins(ALICE.id, PHONE.device)


def test_members_may_have_the_certificate_of_a_device_that_invited_while_a_join_relies_on_it() -> None:
    store, state = after(*FIRST, *JOINS)
    mallory = Person("Mallory")
    for member in CHAINS:
        assert state.invited_for(ALICE.id, PHONE.device, member.id)
        assert state.invited_for(BOB.id, BOB.device, member.id)
        assert not state.invited_for(ALICE.id, ALICE.device, member.id)  # it only founded
    assert not state.invited_for(ALICE.id, PHONE.device, mallory.id)
    before = state.version
    with store.transaction():
        store.records.delete([JOINS[2].id])
    state.refresh(store, [CAROL.id])
    assert not state.invited_for(BOB.id, BOB.device, DAN.id)
    assert state.invited_for(ALICE.id, PHONE.device, DAN.id)
    assert state.read_since(before) == frozenset({CAROL.id, BOB.id})
