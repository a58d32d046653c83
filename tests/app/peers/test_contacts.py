"""Contacts: whom a node dials, admits, recognizes and announces itself to, and never anybody blocked either way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from meshnode.app.owner import policy
from meshnode.app.peers import contacts
from protocol import PersonId, limits
from tests.app.neighbors import Neighbor, settle_in
from tests.support.mesh import Mesh
from tests.support.people import Person

People = tuple[Neighbor, Neighbor, Neighbor]


def test_only_those_i_vouch_for_and_a_copy_of_this_device_can_show_a_key_that_is_ours_alone(people: People) -> None:
    alice, bob, carol = people
    names = [candidate.name.contact for candidate in contacts.psk_candidates(bob.replica)]
    assert {name for name in names if name} == {alice.person, carol.person, bob.person}
    names = [candidate.name.contact for candidate in contacts.psk_candidates(alice.replica)]
    assert {name for name in names if name} == {bob.person, alice.person}


def test_the_dialed_node_accepts_one_of_the_keys(people: People) -> None:
    alice, bob, carol = people
    for caller, callee in ((alice, bob), (bob, alice), (bob, carol), (carol, bob), (alice, carol), (carol, alice)):
        accepted = {candidate.psk.key for candidate in contacts.psk_candidates(callee.replica)}
        dials = contacts.dial_keys(caller.replica, callee.person)
        assert dials, (caller.node.name, callee.node.name)
        assert {dial.dh_public for dial in dials} == {callee.replica.keys.dh_public}
        assert accepted & {dial.psk.key for dial in dials}


def test_direct_contacts_are_sought_and_friends_of_friends_only_recognized(people: People) -> None:
    alice, bob, carol = people
    assert {one.person for one in contacts.contact_targets(alice.replica)} == {bob.person}
    assert {person for person, _ in contacts.presence_candidates(alice.replica)} >= {bob.person, carol.person}
    assert contacts.presence_candidates(alice.replica)[0][0] == bob.person


def test_somebody_blocked_is_neither_sought_nor_dialed_nor_let_in_nor_recognized(people: People) -> None:
    alice, bob, _ = people
    policy.block(bob.replica, alice.person)
    assert alice.person not in {one.person for one in contacts.contact_targets(bob.replica)}
    assert not contacts.dial_keys(bob.replica, alice.person)
    assert alice.person not in {candidate.name.contact for candidate in contacts.psk_candidates(bob.replica)}
    assert alice.person not in {person for person, _ in contacts.presence_candidates(bob.replica)}


def test_a_used_card_opens_no_connection_for_a_person_who_was_blocked_since(people: People) -> None:
    alice, bob, _ = people
    announced, names = contacts.announced(bob.replica), contacts.psk_candidates(bob.replica)
    assert announced is not None
    assert len(announced.card_secrets) == len([name for name in names if name.name.card]) == 1
    policy.block(bob.replica, alice.person)
    announced = contacts.announced(bob.replica)
    assert announced is not None
    assert announced.card_secrets == ()
    assert not [candidate for candidate in contacts.psk_candidates(bob.replica) if candidate.name.card]


def test_the_giver_of_a_card_is_sought_at_the_cards_addresses_by_the_cards_secret(mesh: Mesh) -> None:
    alice, bob = settle_in(mesh, "Alice"), settle_in(mesh, "Bob")
    alice.add(bob.card())
    [sought] = contacts.contact_targets(alice.replica)
    assert sought.person == bob.person
    assert sought.addresses == (("127.0.0.1", 4747),)
    dial = contacts.dial_keys(alice.replica, bob.person)[0]
    assert dial.card is not None
    [accepted] = [candidate for candidate in contacts.psk_candidates(bob.replica) if candidate.name.card == dial.card]
    assert accepted.psk == dial.psk
    assert bob.person in {person for person, _ in contacts.presence_candidates(alice.replica)}


def test_the_last_known_address_comes_before_those_of_the_card(people: People) -> None:
    alice, bob, _ = people
    contacts.note_session_started(alice.replica, bob.person, bob.replica.device, ("192.168.1.7", 7000))
    [sought] = contacts.contact_targets(alice.replica)
    assert sought.addresses[0] == ("192.168.1.7", 7000)


def test_the_keys_of_a_contact_outlive_their_records(people: People) -> None:
    alice, bob, _ = people
    contacts.note_session_started(alice.replica, bob.person, bob.replica.device, None)
    before = contacts.dial_keys(alice.replica, bob.person)
    records = alice.replica.store.records
    with alice.replica.store.transaction():
        records.delete([row.id for row in records.rows(author=bob.person)])
    alice.replica.trust_state.refresh(alice.replica.store, [bob.person])
    assert contacts.dial_keys(alice.replica, bob.person) == before
    assert [one.person for one in contacts.contact_targets(alice.replica)] == [bob.person]
    assert bob.person in {person for person, _ in contacts.presence_candidates(alice.replica)}


def test_open_cards_are_announced_along_with_the_presence_key(mesh: Mesh) -> None:
    alice = settle_in(mesh, "Alice")
    for _ in range(3):
        alice.card()
    announced = contacts.announced(alice.replica)
    profile = alice.replica.trust_state.profile(alice.person)
    assert announced is not None
    assert profile is not None
    assert announced.presence_key == profile.presence_key
    assert len(announced.card_secrets) == 3


def test_where_cards_are_many_those_that_can_still_be_used_are_announced(mesh: Mesh) -> None:
    alice = settle_in(mesh, "Alice")
    cards, now = alice.replica.store.cards, alice.replica.clock.now()
    for number in range(2 * limits.LIVE_CARDS_MAX):
        card_id, secret = bytes([number]) * 16, bytes([number]) * 32
        cards.add_issued(card_id, secret, weight=800, uses=1, expires=now + 1000)
        if number % 2:
            cards.claim(card_id, bytes([number]) * 32, now)
    announced = contacts.announced(alice.replica)
    assert announced is not None
    assert sorted(announced.card_secrets) == [bytes([number]) * 32 for number in range(0, 2 * limits.LIVE_CARDS_MAX, 2)]


def test_only_a_node_that_vouches_for_nobody_seeks_whom_it_has_nothing_but_keys_of(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    lost = settle_in(mesh, "Lost")
    for node in (alice, lost):
        node.replica.store.people.remember_keys(bytes(32), bytes(32), bytes(range(32)), bytes(range(32)))
    assert contacts.salvaged(alice.replica) == []
    assert contacts.salvaged(lost.replica) == [bytes(32)]
    assert [one.person for one in contacts.contact_targets(lost.replica)] == [bytes(32)]
    assert bob.person not in contacts.salvaged(lost.replica)


def bring_strangers(of: Neighbor, number: int) -> set[PersonId]:
    """Bring so many Sybils to `of`, who all vouch for `of`."""
    made = [Person(f"Sybil {index}") for index in range(number)]
    now = of.replica.clock.now()
    records = [
        record
        for one in made
        for record in (one.certificate(now), one.profile(now), one.policy({of.person: 1000}, now=now))
    ]
    assert not of.replica.ingest.receive(records).faults
    return {one.id for one in made}


def bring_friends_of_mallory(of: Neighbor, number: int) -> set[PersonId]:
    """Bring so many Sybils to `of`, for whom Mallory vouches, and for Mallory the owner."""
    mallory, made = Person("Mallory"), [Person(f"Sybil {index}") for index in range(number)]
    now = of.replica.clock.now()
    vouches: dict[Person | PersonId, int] = {of.person: 1000, **dict.fromkeys(made, 1000)}
    records = [mallory.certificate(now), mallory.profile(now), mallory.policy(vouches, now=now)]
    for one in made:
        records += [one.certificate(now), one.profile(now), one.policy({mallory: 1000}, now=now)]
    of.replica.ingest.receive(records[:1])
    policy.vouch(of.replica, mallory.id, 1000)
    assert not of.replica.ingest.receive(records).faults
    return {one.id for one in made}


@pytest.mark.parametrize(("bring", "known"), [(bring_strangers, 5), (bring_friends_of_mallory, 55)])
def test_sybils_push_neither_contacts_nor_cards_nor_the_web_out_of_those_who_are_recognized(
    people: People,
    mesh: Mesh,
    monkeypatch: pytest.MonkeyPatch,
    bring: Callable[[Neighbor, int], set[PersonId]],
    known: int,
) -> None:
    """Alice and Bob vouch for each other, Carol is a friend of Bob, and Alice has just added Dan's card."""
    monkeypatch.setattr(limits, "RECOGNITION_CANDIDATES_MAX", 60)
    monkeypatch.setattr(contacts, "STRANGERS_KNOWN", 5)
    alice, bob, carol = people
    dan = settle_in(mesh, "Dan")
    sybils = bring(alice, 200)
    alice.add(dan.card())
    found = list(dict.fromkeys(person for person, _ in contacts.presence_candidates(alice.replica)))
    places = [at for at, person in enumerate(found) if person in sybils]
    assert all(found.index(one.person) < places[0] for one in (alice, bob, dan))
    assert carol.person in found
    assert len(places) == known
    assert {one.person for one in contacts.contact_targets(alice.replica)} >= {bob.person, dan.person}


def test_recognition_follows_trust_and_nothing_that_others_say_of_the_owner(people: People, mesh: Mesh) -> None:
    alice, bob, carol = people
    strangers = bring_strangers(alice, 3)
    found = [person for person, _ in contacts.presence_candidates(alice.replica)]
    assert found[:3] == [bob.person, alice.person, carol.person]
    assert set(found[3:]) == strangers
