"""The trust state: which device speaks for whom, and whose policy is in use."""

from __future__ import annotations

from meshnode.replica.trust_state import TrustState
from meshnode.store import RecordState, Store
from protocol import Record
from tests.support.people import NOW, Person
from tests.support.stolen_keys import claim


def graph_records_of(*records: Record) -> tuple[Store, TrustState]:
    store = Store.open(":memory:")
    with store.transaction():
        for record in records:
            store.records.put(record, state=RecordState.LIVE, received_from=None, arrived=NOW)
    trust_state = TrustState()
    trust_state.load(store)
    return store, trust_state


def test_claiming_the_key_of_a_device_does_not_disable_it() -> None:
    bob, mallory = Person("Bob"), Person("Mallory")
    store, trust_state = graph_records_of(bob.certificate(), mallory.certificate(), claim(mallory, bob.keys))
    assert trust_state.certified(bob.id, bob.device)
    with store.transaction():
        store.records.delete([claim(mallory, bob.keys).id])
    trust_state.refresh(store, [mallory.id])
    assert trust_state.certified(bob.id, bob.device)
    assert not trust_state.certified(mallory.id, bob.device)


def test_a_handshake_key_that_two_people_claim_identifies_neither() -> None:
    bob, mallory = Person("Bob"), Person("Mallory")
    _, trust_state = graph_records_of(bob.certificate(), mallory.certificate(), claim(mallory, bob.keys))
    assert trust_state.by_dh_public(bob.keys.dh_public) is None
    assert trust_state.by_dh_public(mallory.keys.dh_public) == trust_state.certificate(mallory.id, mallory.device)


def test_a_revoked_device_speaks_for_nobody() -> None:
    bob = Person("Bob")
    _, trust_state = graph_records_of(bob.revocation())
    assert not trust_state.certified(bob.id, bob.device)
    assert trust_state.by_dh_public(bob.keys.dh_public) is None


def test_a_person_with_a_policy_that_is_only_known_by_its_header_has_no_policy_in_use() -> None:
    bob, laptop = Person("Bob"), Person("Carol")
    phone = laptop.on("phone")
    blocks_bob = phone.policy({}, [bob], version=2)
    store, trust_state = graph_records_of(
        laptop.certificate(),
        phone.certificate(),
        laptop.policy({bob: 900}),
        phone.policy({}),
    )
    assert trust_state.policy(laptop.id) is not None
    with store.transaction():
        store.records.put(blocks_bob.without_body(), state=RecordState.HEADER, received_from=bob.id, arrived=NOW)
    trust_state.refresh(store, [laptop.id])
    assert trust_state.policy(laptop.id) is None
    with store.transaction():
        store.records.delete([phone.policy({}).id])  # as the purge does, seven days later
    trust_state.refresh(store, [laptop.id])
    assert trust_state.policy(laptop.id) is None
    doubtful = trust_state.graph_with_suspended()
    assert doubtful is not None
    assert doubtful.weight(laptop.id, bob.id) == 900
