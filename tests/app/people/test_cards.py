"""Cards: making, adding and refusing them, each fault with its own error."""

from __future__ import annotations

import pytest

from meshnode.app.explain.status import NetworkState, status
from meshnode.app.people import blocks, cards
from meshnode.app.people import people as people_cases
from meshnode.errors import MeshnodeError, Refused, Usage
from protocol.tokens import Card
from tests.app.neighbors import Neighbor, settle_in
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]


def vouches(neighbor: Neighbor) -> dict[bytes, int]:
    return dict(neighbor.replica.trust_state.graph.vouched_by(neighbor.person))


def test_a_card_says_who_gives_it_and_at_which_addresses(people: People) -> None:
    alice = people[0]
    made = cards.make(alice.replica, cards.CardOrder(uses=3, trust=0.5), [("127.0.0.1", 4747), ("::1", 4747)])
    card = Card.parse(made.text)
    assert (card.giver, card.name, card.uses, card.weight) == (alice.person, "Alice", 3, 500)
    assert made.addresses == ("127.0.0.1:4747", "[::1]:4747")
    assert card.certificate in list(alice.replica.store.records.bodies(1, author=alice.person))  # type: ignore[arg-type]


def test_adding_a_card_vouches_at_once_and_is_answered_when_the_nodes_meet(mesh: Mesh) -> None:
    alice, bob = settle_in(mesh, "Alice"), settle_in(mesh, "Bob")
    added = alice.add(bob.card(trust=0.6), 0.7)
    assert (added.person.name, added.trust, added.met, added.pending, added.again) == ("Bob", 0.7, False, True, False)
    assert vouches(alice) == {bob.person: 700}
    assert status(alice.replica, NetworkState(ready=True)).pending == 1
    assert people_cases.person(alice.replica, "Bob", ()).pending
    mesh.wire("Alice", "Bob")
    mesh.settle()
    assert vouches(bob) == {alice.person: 600}
    assert status(alice.replica, NetworkState(ready=True)).pending == 0


def state_of(alice: Neighbor, bob: Neighbor, added: cards.AddedView, *, met: bool, settled: bool = True) -> str:
    """Return how far the connection of the two has come, as Alice is told."""
    found = cards.follow(alice.replica, added, {bob.person} if met else (), {bob.person} if met and settled else ())
    assert found.pending is (found.state in ("not_met", "on_its_way"))
    assert found.met is met
    return found.state


def test_the_person_who_adds_a_card_is_told_when_the_two_are_connected(mesh: Mesh) -> None:
    alice, bob = settle_in(mesh, "Alice"), settle_in(mesh, "Bob")
    added = alice.add(bob.card())
    assert added.state == state_of(alice, bob, added, met=False) == "not_met"
    assert state_of(alice, bob, added, met=True, settled=False) == "on_its_way"
    mesh.wire("Alice", "Bob")
    mesh.settle()
    assert state_of(alice, bob, added, met=True) == "connected"
    assert alice.add(bob.card()).state == "connected"


def test_an_old_card_of_a_person_who_took_the_trust_back_is_not_said_to_be_on_its_way(mesh: Mesh) -> None:
    alice, bob = settle_in(mesh, "Alice"), settle_in(mesh, "Bob")
    card = bob.card()
    alice.add(card)
    mesh.wire("Alice", "Bob")
    mesh.settle()
    people_cases.unvouch(bob.replica, "Alice", ())
    mesh.settle()
    again = alice.add(card)
    assert state_of(alice, bob, again, met=True) == "on_its_way"
    mesh.cut("Alice", "Bob")
    mesh.wire("Alice", "Bob")
    mesh.settle()
    assert state_of(alice, bob, again, met=True) == "taken_back"
    assert not vouches(bob).get(alice.person)


def test_a_card_that_somebody_else_has_used_is_named(mesh: Mesh) -> None:
    alice, bob, carol = (settle_in(mesh, name) for name in ("Alice", "Bob", "Carol"))
    card = bob.card()
    carol.add(card)
    mesh.wire("Carol", "Bob")
    mesh.settle()
    added = alice.add(card)
    mesh.wire("Alice", "Bob")
    mesh.settle()
    assert state_of(alice, bob, added, met=False) == "used"


def test_without_a_trust_a_card_is_good_for_0_8_but_never_alters_what_was_said(mesh: Mesh) -> None:
    alice, bob = settle_in(mesh, "Alice"), settle_in(mesh, "Bob")
    assert alice.add(bob.card()).trust == 0.8
    people_cases.vouch(alice.replica, "Bob", 0.3, ())
    assert alice.add(bob.card()).trust == 0.3
    assert alice.add(bob.card(), 0.5).trust == 0.5


def test_a_card_added_twice_is_added_once(mesh: Mesh) -> None:
    alice, bob = settle_in(mesh, "Alice"), settle_in(mesh, "Bob")
    card = bob.card()
    alice.add(card)
    again = alice.add(card.upper().replace("", "\n", 3))
    assert again.again
    assert status(alice.replica, NetworkState(ready=True)).pending == 1


def test_a_spent_card_admits_nobody_else_and_its_taker_is_told(mesh: Mesh) -> None:
    alice, bob, carol = (settle_in(mesh, name) for name in ("Alice", "Bob", "Carol"))
    card = bob.card()
    alice.add(card)
    mesh.wire("Alice", "Bob")
    mesh.settle()
    carol.add(card)
    mesh.wire("Carol", "Bob")
    mesh.settle()
    assert carol.person not in vouches(bob)
    state = status(carol.replica, NetworkState(ready=True))
    assert state.pending == 0
    assert [problem.code for problem in state.problems] == ["card_used"]
    assert "Bob" in state.problems[0].message
    carol.add(bob.card())
    assert not status(carol.replica, NetworkState(ready=True)).problems


def damaged(card: str) -> str:
    return card[:-20] + ("q" if card[-20] != "q" else "p") + card[-19:]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (damaged, "incomplete or has a typo"),
        (lambda card: card[:-3], "incomplete or has a typo"),
        (lambda _card: "hello", "not a card"),
        (lambda _card: "mesh1", "not a card"),
        (lambda _card: "mp1" + "q" * 58, "not a card"),
        (lambda card: card + "q" * 10_000, "not a card"),
    ],
)
def test_a_text_that_is_no_card_is_refused_in_its_own_words(mesh: Mesh, text: object, words: str) -> None:
    alice, bob = settle_in(mesh, "Alice"), settle_in(mesh, "Bob")
    with pytest.raises(Usage, match=words):
        alice.add(text(bob.card()))  # type: ignore[operator]
    assert vouches(alice) == {}


def test_own_and_blocked_cards_are_refused_in_their_own_words(mesh: Mesh) -> None:
    alice, bob = settle_in(mesh, "Alice"), settle_in(mesh, "Bob")
    with pytest.raises(Refused, match="your own card"):
        alice.add(alice.card())
    alice.add(bob.card())
    blocks.block(alice.replica, "Bob")
    with pytest.raises(Refused, match="you block Bob"):
        alice.add(bob.card())


def test_whether_a_card_has_expired_is_for_its_giver_to_say(mesh: Mesh) -> None:
    alice, bob = settle_in(mesh, "Alice"), settle_in(mesh, "Bob")
    card = bob.card(expires_in=3600)
    for clock in (alice.replica.clock, alice.node.clock):
        clock.set_date(clock.now() + 86_400 * 30)
    added = alice.add(card)
    assert added.pending
    assert added.warning is not None
    assert "ask Bob for a new one" in added.warning
    mesh.wire("Alice", "Bob")
    mesh.settle()
    assert vouches(bob)[alice.person] > 0


def test_a_card_that_its_giver_takes_for_expired_leads_to_nothing(mesh: Mesh) -> None:
    alice, bob = settle_in(mesh, "Alice"), settle_in(mesh, "Bob")
    brief = bob.card(expires_in=60)
    mesh.time += 61
    assert alice.add(brief).warning is not None
    mesh.wire("Alice", "Bob")
    mesh.settle()
    assert vouches(bob) == {}


@pytest.mark.parametrize(
    "order",
    [
        {"uses": 0},
        {"uses": 101},
        {"trust": 0.0},
        {"trust": 1.2},
        {"expires_in": 1},
        {"expires_in": 366 * 86_400},
    ],
)
def test_a_card_that_cannot_be_is_not_made(people: People, order: dict[str, object]) -> None:
    alice = people[0]
    before = len(alice.replica.store.cards.issued_live(alice.replica.clock.now()))
    with pytest.raises(MeshnodeError):
        alice.card(**order)
    assert len(alice.replica.store.cards.issued_live(alice.replica.clock.now())) == before


def test_there_is_an_end_to_open_cards(people: People) -> None:
    alice = people[0]
    for _ in range(16):
        alice.card()
    with pytest.raises(Refused, match="16 unused cards"):
        alice.card()
