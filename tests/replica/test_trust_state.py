"""The circle: who speaks for whom, as certificates say."""

from __future__ import annotations

from meshnode.replica.trust_state import Circle
from meshnode.store import State, Store
from protocol import Record
from tests.support.people import NOW, Person
from tests.support.stolen_keys import claim


def circle_of(*records: Record) -> tuple[Store, Circle]:
    store = Store.open(":memory:")
    with store.transaction():
        for record in records:
            store.records.put(record, state=State.LIVE, received_from=None, arrived=NOW)
    circle = Circle()
    circle.load(store)
    return store, circle


def test_nobody_silences_a_device_by_claiming_it() -> None:
    bob, mallory = Person("Bob"), Person("Mallory")
    store, circle = circle_of(bob.certificate(), mallory.certificate(), claim(mallory, bob.keys))
    assert circle.certified(bob.id, bob.device)
    with store.transaction():
        store.records.delete([claim(mallory, bob.keys).id])
    circle.refresh(store, [mallory.id])
    assert circle.certified(bob.id, bob.device)
    assert not circle.certified(mallory.id, bob.device)


def test_a_handshake_key_that_two_people_claim_names_neither_by_itself() -> None:
    bob, mallory = Person("Bob"), Person("Mallory")
    _, circle = circle_of(bob.certificate(), mallory.certificate(), claim(mallory, bob.keys))
    assert circle.by_dh_public(bob.keys.dh_public) is None
    assert circle.by_dh_public(mallory.keys.dh_public) == circle.certificate(mallory.id, mallory.device)


def test_a_struck_device_speaks_for_nobody() -> None:
    bob = Person("Bob")
    _, circle = circle_of(bob.strike())
    assert not circle.certified(bob.id, bob.device)
    assert circle.by_dh_public(bob.keys.dh_public) is None


def test_a_device_whose_newest_policy_cannot_be_read_silences_its_person_after_the_old_one_is_gone() -> None:
    bob, laptop = Person("Bob"), Person("Carol")
    phone = laptop.on("phone")
    blocks_bob = phone.policy({}, [bob], version=2)
    store, circle = circle_of(
        laptop.certificate(),
        phone.certificate(),
        laptop.policy({bob: 900}),
        phone.policy({}),
    )
    assert circle.policy(laptop.id) is not None
    with store.transaction():
        store.records.put(blocks_bob.without_body(), state=State.HEADER, received_from=bob.id, arrived=NOW)
    circle.refresh(store, [laptop.id])
    assert circle.policy(laptop.id) is None
    with store.transaction():
        store.records.delete([phone.policy({}).id])  # as time does, seven days later
    circle.refresh(store, [laptop.id])
    assert circle.policy(laptop.id) is None
    in_doubt = circle.in_doubt()
    assert in_doubt is not None
    assert in_doubt.weight(laptop.id, bob.id) == 900
