"""Guests with a card made for many: however many names one of them takes, the owner lets in the one they have before them."""

from __future__ import annotations

import pytest

from meshnode.app.owner import policy
from meshnode.app.peers import contacts
from meshnode.app.peers.conversation import Conversation
from meshnode.app.people import cards, guests, introductions
from meshnode.app.people.cards import AddedView, CardOrder, CardToAdd
from meshnode.errors import MeshnodeError
from protocol import Code, fingerprint_words, limits, person_text
from tests.support.mesh import Mesh, Node
from tests.support.people import Person

ENOUGH = 15  # letters of an id with which a guest can be named who is not in the list


@pytest.fixture
def mesh() -> Mesh:
    mesh = Mesh(43)
    for name in ("Alice", "Bob"):
        mesh.add(name)
    return mesh


def notice_board(mesh: Mesh) -> tuple[str, bytes]:
    """Return a card of Bob's made for many, and its id."""
    bob = mesh.nodes["Bob"].replica
    text = cards.make(bob, CardOrder(uses=100), [("127.0.0.1", 4747)]).text
    return text, bob.store.cards.issued_live(bob.clock.now())[-1].id


def flood(mesh: Mesh, card: bytes, names: int, called: str = "Sybil") -> None:
    """Let one guest use a card under many names."""
    for number in range(names):
        cards.redeem(mesh.nodes["Bob"].replica, card, Person(f"{called} {number}").id)


def call(mesh: Mesh, guest: Node) -> Code | None:
    """Let the guest's node call with the card; return the code with which Bob's refuses."""
    bob = mesh.nodes["Bob"]
    way = next(way for way in contacts.dial_keys(guest.replica, bob.person) if way.card is not None)
    calling = Conversation.dialing(guest.replica, way, mesh.time)
    answering = Conversation.answering(bob.replica, bob.seen, mesh.time)
    for _ in range(100):
        for sender, receiver in ((calling, answering), (answering, calling)):
            receiver.receive(sender.data_to_send(), mesh.time)
    return None if answering.end is None else answering.end.code


def take(mesh: Mesh, card: str) -> Node:
    """Let Alice add Bob's card."""
    alice = mesh.nodes["Alice"]
    cards.add(alice.replica, CardToAdd(card, 0.7), ())
    return alice


def add(mesh: Mesh, text: str, trust: float | None = None) -> AddedView:
    """Let Bob add somebody."""
    return introductions.add(mesh.nodes["Bob"].replica, CardToAdd(text, trust), ())


def listed(mesh: Mesh) -> list[str]:
    return [guest.person.id for guest in guests.guests(mesh.nodes["Bob"].replica)]


def vouch_for(mesh: Mesh, guest: Node) -> int:
    return policy.weight(mesh.nodes["Bob"].replica, guest.person)


def test_a_guest_who_calls_is_in_the_list_however_many_wait_and_a_nod_lets_them_in(mesh: Mesh) -> None:
    text, card = notice_board(mesh)
    flood(mesh, card, 500)
    alice = take(mesh, text)
    assert call(mesh, alice) is Code.BUSY
    id_ = person_text(alice.person)
    assert id_ in listed(mesh)
    assert len(listed(mesh)) == limits.GUESTS_WAITING_MAX
    add(mesh, id_[:11])
    assert call(mesh, alice) is None
    assert vouch_for(mesh, alice) == 800


@pytest.mark.parametrize("how", ["id", "beginning", "words", "words in capitals"])
def test_a_guest_who_was_pushed_out_of_the_list_gets_in_by_what_their_own_node_shows(mesh: Mesh, how: str) -> None:
    text, card = notice_board(mesh)
    alice = take(mesh, text)
    flood(mesh, card, 100)
    call(mesh, alice)
    flood(mesh, card, 500, "Other")
    id_, words = person_text(alice.person), " ".join(fingerprint_words(alice.person))
    assert id_ not in listed(mesh)
    added = add(mesh, {"id": id_, "beginning": id_[:ENOUGH], "words": words}.get(how, words.upper()))
    assert (added.state, added.pending, added.trust) == ("awaited", True, 0.8)
    flood(mesh, card, 500, "Third")
    assert call(mesh, alice) is None
    assert vouch_for(mesh, alice) == 800


def test_the_guests_of_one_card_push_out_nobody_who_waits_by_another(mesh: Mesh) -> None:
    text, _ = notice_board(mesh)
    _, flooded = notice_board(mesh)
    flood(mesh, flooded, 100)
    alice = take(mesh, text)
    call(mesh, alice)
    flood(mesh, flooded, 500, "Other")
    assert person_text(alice.person) in listed(mesh)
    assert len(listed(mesh)) == limits.GUESTS_WAITING_MAX


def test_a_guest_who_goes_on_calling_stays_longer_than_those_who_do_not(mesh: Mesh) -> None:
    text, card = notice_board(mesh)
    flood(mesh, card, limits.GUESTS_A_DAY)
    alice = take(mesh, text)
    call(mesh, alice)
    flood(mesh, card, 60, "Once")
    mesh.advance(120)
    call(mesh, alice)
    flood(mesh, card, 60, "Later")
    assert person_text(alice.person) in listed(mesh)


def test_the_trust_that_the_owner_gives_the_named_guest_holds_and_only_for_them(mesh: Mesh) -> None:
    text, card = notice_board(mesh)
    flood(mesh, card, 100)
    alice = take(mesh, text)
    assert add(mesh, person_text(alice.person), 0.4).trust == 0.4
    flood(mesh, card, 100, "Other")
    assert len(mesh.nodes["Bob"].replica.trust_state.graph.vouched_by(mesh.nodes["Bob"].person)) == limits.GUESTS_A_DAY
    assert call(mesh, alice) is None
    assert vouch_for(mesh, alice) == 400


def test_a_named_guest_is_let_in_once_and_within_a_day(mesh: Mesh) -> None:
    text, card = notice_board(mesh)
    alice = take(mesh, text)
    bob = mesh.nodes["Bob"].replica
    add(mesh, person_text(alice.person))
    mesh.advance(limits.DAY + 1)
    flood(mesh, card, 100)
    assert call(mesh, alice) is Code.BUSY
    add(mesh, person_text(alice.person))
    call(mesh, alice)
    assert vouch_for(mesh, alice) == 800
    policy.vouch(bob, alice.person, 0)
    cards.redeem(bob, card, alice.person)
    assert vouch_for(mesh, alice) == 0


def test_naming_a_person_who_is_blocked_ends_no_block(mesh: Mesh) -> None:
    text, card = notice_board(mesh)
    alice = take(mesh, text)
    policy.block(mesh.nodes["Bob"].replica, alice.person)
    add(mesh, person_text(alice.person)[:ENOUGH])
    assert cards.redeem(mesh.nodes["Bob"].replica, card, alice.person) is Code.CARD_USED
    assert vouch_for(mesh, alice) == 0


@pytest.mark.parametrize("text", ["Alice", "mp1qqqq", "mp1" + "b" * 20, "acorn album alley", "nobody " * 8])
def test_what_names_nobody_for_sure_lets_nobody_in(mesh: Mesh, text: str) -> None:
    notice_board(mesh)
    with pytest.raises(MeshnodeError):
        add(mesh, text)


def test_nobody_is_awaited_while_no_card_made_for_many_is_open(mesh: Mesh) -> None:
    with pytest.raises(MeshnodeError):
        add(mesh, person_text(mesh.nodes["Alice"].person))


def test_only_so_many_guests_are_awaited_at_once_the_latest_first(mesh: Mesh) -> None:
    _, card = notice_board(mesh)
    flood(mesh, card, limits.GUESTS_A_DAY)
    named = [Person(f"Guest {number}") for number in range(limits.GUESTS_AWAITED_MAX + 1)]
    for guest in named:
        add(mesh, person_text(guest.id))
    bob = mesh.nodes["Bob"].replica
    assert cards.redeem(bob, card, named[0].id) is Code.BUSY
    assert [cards.redeem(bob, card, guest.id) for guest in named[1:]] == [None] * limits.GUESTS_AWAITED_MAX
