"""Cards when the two nodes meet: one card makes both vouches, once, for one person, even if connections break."""

from __future__ import annotations

import pytest

from meshnode.app.owner import policy
from meshnode.app.peers import contacts
from meshnode.app.peers.conversation import Conversation
from meshnode.app.people import cards, guests
from protocol import Code, PersonId, limits
from protocol.wire.frames import Bye, Frame
from tests.support.mesh import Mesh, Node
from tests.support.people import Person
from tests.support.stolen_keys import claim
from tests.support.tap import Tap, set_tap

ROUNDS = 200


def village(*names: str) -> Mesh:
    mesh = Mesh(41)
    for name in names:
        mesh.add(name)
    return mesh


def card_of(node: Node, *, uses: int = 1, trust: float = 0.8) -> str:
    return cards.make(node.replica, cards.CardOrder(uses=uses, trust=trust), [("127.0.0.1", 4747)]).text


def add(node: Node, card: str, trust: float = 0.7) -> None:
    cards.add(node.replica, cards.CardToAdd(card, trust), ())


def dial(mesh: Mesh, taker: Node, giver: Node) -> tuple[Conversation, Conversation]:
    """The taker calls with the card."""
    way = next(way for way in contacts.dial_keys(taker.replica, giver.person) if way.card is not None)
    calling = Conversation.dialing(taker.replica, way, mesh.time)
    answering = Conversation.answering(giver.replica, giver.seen, mesh.time)
    return calling, answering


def talk(mesh: Mesh, calling: Conversation, answering: Conversation, *, turns: int = ROUNDS) -> None:
    """Carry what both send, for this many turns."""
    for turn in range(turns):
        sender, receiver = (calling, answering) if turn % 2 == 0 else (answering, calling)
        data = sender.data_to_send()
        if data:
            receiver.receive(data, mesh.time)


def meet(mesh: Mesh, taker: Node, giver: Node, *, turns: int = ROUNDS) -> tuple[Conversation, Conversation]:
    ends = dial(mesh, taker, giver)
    talk(mesh, *ends, turns=turns)
    return ends


def weight(node: Node, other: PersonId) -> int:
    return policy.weight(node.replica, other)


def test_one_meeting_makes_vouches_in_both_directions() -> None:
    mesh = village("Alice", "Bob")
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    add(alice, card_of(bob, trust=0.8), 0.7)
    calling, answering = meet(mesh, alice, bob)
    assert calling.live
    assert answering.live
    assert (weight(alice, bob.person), weight(bob, alice.person)) == (700, 800)
    assert alice.replica.trust_state.graph.mutual(bob.person, alice.person)
    assert contacts.dial_keys(alice.replica, bob.person)[0].card is None  # the next call is that of a contact


@pytest.mark.parametrize("turns", range(1, 12))
def test_a_line_that_drops_at_any_moment_strands_nobody(turns: int) -> None:
    """The same person comes again with the same card and ends up as after an undisturbed meeting."""
    mesh = village("Alice", "Bob")
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    add(alice, card_of(bob))
    meet(mesh, alice, bob, turns=turns)
    mesh.wire("Alice", "Bob")
    mesh.settle()
    assert (weight(alice, bob.person), weight(bob, alice.person)) == (700, 800)
    assert alice.replica.trust_state.graph.mutual(alice.person, bob.person)
    assert mesh.connections() == [("Alice", "Bob")]


def said_to(tap: Tap, giver: Node, taker: Node) -> list[Frame]:
    keys = taker.replica.keys.dh_public
    return [said.frame for said in tap.said if (said.device, said.to) == (giver.replica.device, keys)]


def test_another_holder_of_a_spent_card_gets_one_goodbye_and_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = village("Alice", "Bob", "Eve")
    alice, bob, eve = (mesh.nodes[name] for name in ("Alice", "Bob", "Eve"))
    card = card_of(bob)
    add(alice, card)
    add(eve, card)
    meet(mesh, alice, bob)
    before = {row.id for row in bob.replica.store.records.rows()}
    tap = set_tap(monkeypatch)
    calling, answering = meet(mesh, eve, bob)
    assert said_to(tap, bob, eve) == [Bye(Code.CARD_USED)]
    assert answering.end is not None
    assert answering.end.code is Code.CARD_USED
    assert calling.end is not None
    assert calling.end.code is Code.CARD_USED
    assert weight(bob, eve.person) == 0
    assert {row.id for row in bob.replica.store.records.rows()} == before  # not even her certificate is kept
    assert not [way for way in contacts.dial_keys(eve.replica, bob.person) if way.card is not None]


def test_a_card_for_three_works_for_three_and_each_of_them_again() -> None:
    mesh = village("Giver", "A", "B", "C", "D")
    giver = mesh.nodes["Giver"]
    card = card_of(giver, uses=3)
    takers = [mesh.nodes[name] for name in "ABCD"]
    for taker in takers:
        add(taker, card)
        meet(mesh, taker, giver)
    assert [weight(giver, taker.person) for taker in takers] == [800, 800, 800, 0]


def test_a_node_that_stopped_between_burning_the_card_and_vouching_makes_up_for_it() -> None:
    mesh = village("Alice", "Bob")
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    add(alice, card_of(bob))
    (issued,) = bob.replica.store.cards.issued_live(bob.replica.clock.now())
    bob.replica.store.cards.claim(issued.id, alice.person, bob.replica.clock.now())  # and here the power fails
    mesh.restart("Bob")
    calling, _ = meet(mesh, alice, bob)
    assert calling.live
    assert weight(bob, alice.person) == 800


def test_the_vouch_back_is_not_laid_over_one_that_was_given_before() -> None:
    mesh = village("Alice", "Bob")
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    policy.vouch(bob.replica, alice.person, 300)
    add(alice, card_of(bob, trust=0.9))
    meet(mesh, alice, bob)
    assert weight(bob, alice.person) == 300


def test_a_new_card_says_something_new_to_one_whose_vouch_was_taken_back() -> None:
    mesh = village("Alice", "Bob")
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    policy.vouch(bob.replica, alice.person, 300)
    policy.vouch(bob.replica, alice.person, 0)
    add(alice, card_of(bob))
    calling, _ = meet(mesh, alice, bob)
    assert weight(bob, alice.person) == 800
    assert calling.live


def test_a_card_on_a_notice_board_does_not_undo_that_a_vouch_was_taken_back() -> None:
    mesh = village("Alice", "Bob")
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    policy.vouch(bob.replica, alice.person, 300)
    policy.vouch(bob.replica, alice.person, 0)
    add(alice, card_of(bob, uses=20))
    meet(mesh, alice, bob)
    assert weight(bob, alice.person) == 0


def test_who_used_a_card_and_was_dropped_since_does_not_come_back_by_it() -> None:
    mesh = village("Alice", "Bob")
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    add(alice, card_of(bob))
    ends = dial(mesh, alice, bob)
    again = dial(mesh, alice, bob)
    talk(mesh, *ends)
    policy.vouch(bob.replica, alice.person, 0)
    talk(mesh, *again)
    assert weight(bob, alice.person) == 0


def test_a_blocked_person_cannot_use_a_card() -> None:
    mesh = village("Alice", "Bob")
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    add(alice, card_of(bob))
    policy.block(bob.replica, alice.person)
    calling, answering = meet(mesh, alice, bob)
    assert not calling.live
    assert not answering.live
    assert calling.end is not None
    assert calling.end.code is Code.CARD_USED
    assert weight(bob, alice.person) == 0
    assert policy.blocks(bob.replica, alice.person)
    (issued,) = bob.replica.store.cards.issued_live(bob.replica.clock.now())
    assert not issued.spent  # it is still there for somebody else


def test_an_expired_card_opens_nothing_and_is_forgotten() -> None:
    mesh = village("Alice", "Bob")
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    add(alice, card_of(bob))
    ends = dial(mesh, alice, bob)
    mesh.advance(limits.CARD_LIFE + 60)
    talk(mesh, *ends)
    assert not ends[0].live
    assert ends[1].data_to_send() == b""
    assert weight(bob, alice.person) == 0
    assert bob.replica.store.cards.issued_live(0) == []  # upkeep has let go of it


def test_two_who_add_each_others_cards_at_once_are_connected_once_and_both_cards_do_their_work() -> None:
    mesh = village("Alice", "Bob")
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    add(alice, card_of(bob), 0.7)
    add(bob, card_of(alice), 0.6)
    there, back = dial(mesh, alice, bob), dial(mesh, bob, alice)
    talk(mesh, *there, turns=5)
    talk(mesh, *back)
    talk(mesh, *there)
    assert (weight(alice, bob.person), weight(bob, alice.person)) == (700, 600)  # each one's own word stays as it was
    assert there[0].end is None
    assert back[0].end is None


def test_a_reconnection_after_the_vouch_was_taken_back_needs_a_new_card_and_works_with_one() -> None:
    """Alice lost all of Bob's records when Bob took back the vouch for her; a new card brings them back at once."""
    mesh = village("Alice", "Bob")
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    add(alice, card_of(bob))
    mesh.wire("Alice", "Bob")
    mesh.settle()
    policy.vouch(bob.replica, alice.person, 0)
    policy.vouch(alice.replica, bob.person, 0)
    mesh.settle()
    mesh.advance(limits.SUSPENDED_LIFE + limits.DAY)
    assert alice.replica.trust_state.profile(bob.person) is None
    add(alice, card_of(bob))
    mesh.advance(60)
    assert (weight(alice, bob.person), weight(bob, alice.person)) == (700, 800)
    assert alice.replica.trust_state.profile(bob.person) is not None
    assert mesh.connections() == [("Alice", "Bob")]


def test_nobody_takes_a_vouch_by_certifying_the_takers_keys_as_their_own() -> None:
    """Mallory, whom Bob knows, claims Alice's keys. When Alice comes with Bob's card, the vouch still goes to her."""
    mesh = village("Alice", "Bob")
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    mallory = Person("Mallory")
    policy.vouch(bob.replica, mallory.id, 500)
    bob.replica.ingest.receive([mallory.certificate(), claim(mallory, alice.replica.keys)])
    add(alice, card_of(bob))
    calling, answering = meet(mesh, alice, bob)
    assert answering.peer == alice.person
    assert weight(bob, alice.person) == 800
    assert weight(bob, mallory.id) == 500
    assert calling.live


def test_redeeming_a_card_that_was_never_made_gives_nothing() -> None:
    mesh = village("Bob")
    bob = mesh.nodes["Bob"]
    assert cards.redeem(bob.replica, bytes(16), bytes(32)) is Code.CARD_USED


def announced_cards(node: Node) -> int:
    found = contacts.announced(node.replica)
    assert found is not None
    return len(found.card_secrets)


def talk_without_card(mesh: Mesh, caller: Node, callee: Node) -> None:
    way = next(way for way in contacts.dial_keys(caller.replica, callee.person) if way.card is None)
    ends = (
        Conversation.dialing(caller.replica, way, mesh.time),
        Conversation.answering(callee.replica, callee.seen, mesh.time),
    )
    for _ in range(3):
        talk(mesh, *ends)
        mesh.time += 1.0
        for end in ends:
            end.tick(mesh.time)
    assert all(end.live for end in ends)


@pytest.mark.parametrize("giver_calls", [False, True])
def test_a_used_card_is_announced_until_its_user_was_met_without_it_and_then_nobody_can_follow_the_giver_by_it(
    giver_calls: bool,
) -> None:
    mesh = village("Alice", "Bob")
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    add(alice, card_of(bob))
    assert announced_cards(bob) == 1
    meet(mesh, alice, bob)
    assert announced_cards(bob) == 1  # Alice may not have got the key by which she knows Bob's announcements
    talk_without_card(mesh, *((bob, alice) if giver_calls else (alice, bob)))
    assert announced_cards(bob) == 0
    mesh.restart("Bob")
    assert announced_cards(mesh.nodes["Bob"]) == 0


def test_a_card_with_uses_left_is_announced_and_a_used_up_one_until_all_its_users_were_met() -> None:
    mesh = village("Alice", "Bob", "Carol")
    alice, bob, carol = (mesh.nodes[name] for name in ("Alice", "Bob", "Carol"))
    card = card_of(bob, uses=2)
    add(alice, card)
    meet(mesh, alice, bob)
    talk_without_card(mesh, alice, bob)
    assert announced_cards(bob) == 1
    add(carol, card)
    meet(mesh, carol, bob)
    assert announced_cards(bob) == 1
    talk_without_card(mesh, carol, bob)
    assert announced_cards(bob) == 0


@pytest.mark.parametrize("turns", range(1, 12))
def test_a_card_stays_announced_while_its_user_may_still_need_it(turns: int) -> None:
    """Wherever the line drops, the card is announced as long as Alice still presents it."""
    mesh = village("Alice", "Bob")
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    add(alice, card_of(bob))
    meet(mesh, alice, bob, turns=turns)
    assert announced_cards(bob) == 1


def test_a_guest_under_many_names_gets_so_many_vouches_a_day_and_an_honest_one_is_let_in_by_a_nod() -> None:
    mesh = village("Alice", "Bob")
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    notice_board = [card_of(bob, uses=100) for _ in range(10)]
    ids = [card.id for card in bob.replica.store.cards.issued_live(bob.replica.clock.now())]
    for number in range(1000):
        cards.redeem(bob.replica, ids[number % 10], Person(f"Guest {number}").id)
    assert len(bob.replica.trust_state.graph.vouched_by(bob.person)) == limits.GUESTS_A_DAY
    assert len(guests.guests(bob.replica)) == limits.GUESTS_WAITING_MAX
    assert all(not card.spent for card in bob.replica.store.cards.issued_live(bob.replica.clock.now()))
    mesh.advance(limits.DAY // 2)
    add(alice, notice_board[0])
    _, answering = meet(mesh, alice, bob)
    assert answering.end is not None
    assert answering.end.code is Code.BUSY
    assert weight(bob, alice.person) == 0
    policy.vouch(bob.replica, alice.person, 800)  # the nod
    meet(mesh, alice, bob)
    assert (weight(alice, bob.person), weight(bob, alice.person)) == (700, 800)


def test_guests_of_the_next_day_need_no_nod_and_a_card_for_one_person_never_does() -> None:
    mesh = village("Alice", "Bob", "Carol")
    alice, bob, carol = (mesh.nodes[name] for name in ("Alice", "Bob", "Carol"))
    for_many = card_of(bob, uses=100)
    [issued] = bob.replica.store.cards.issued_live(bob.replica.clock.now())
    for number in range(2 * limits.GUESTS_A_DAY):
        cards.redeem(bob.replica, issued.id, Person(f"Guest {number}").id)
    add(alice, card_of(bob))
    meet(mesh, alice, bob)
    assert weight(bob, alice.person) > 0
    mesh.advance(limits.DAY + 1)
    add(carol, for_many)
    meet(mesh, carol, bob)
    assert weight(bob, carol.person) > 0
