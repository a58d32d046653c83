"""A block of somebody with whom something is agreed: it asks first, calls it off, and tells the other that and nothing else."""

from __future__ import annotations

import pytest

from meshnode.app.exchanges import blocking
from meshnode.app.exchanges import exchanges as cases
from meshnode.app.exchanges.blocking import BlockQuery
from meshnode.app.people import blocks
from meshnode.errors import Refused, Unconfirmed
from tests.app.exchanging import all_of, completed, inbox, make, offer, respond, states
from tests.app.neighbors import Neighbor
from tests.support.mail import stored_letters
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]


def block(mesh: Mesh, neighbor: Neighbor, who: str) -> None:
    """Block as the API does, without waiting for the last letter."""
    blocking.call_off(neighbor.replica, who, BlockQuery(anyway=True))
    blocking.block(neighbor.replica, who)
    mesh.settle()


def sofa_promised(mesh: Mesh, people: People) -> str:
    """Carol has one sofa and has promised it to Alice; Bob is between them."""
    alice, _, carol = people
    offer(mesh, carol, "Sofa", quantity=1)
    exchange = respond(mesh, alice, "Sofa")
    make(mesh, carol, exchange, "accept")
    assert states(mesh, alice) == states(mesh, carol) == ["agreed"]
    return exchange


def test_a_block_says_first_what_is_agreed_and_does_nothing_yet(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    sofa_promised(mesh, people)
    with pytest.raises(Unconfirmed, match=r'an agreement with Alice is open \("Sofa"\)'):
        blocking.call_off(carol.replica, "Alice", BlockQuery())
    assert blocks.blocks(carol.replica).blocks == ()
    assert states(mesh, carol) == states(mesh, alice) == ["agreed"]


@pytest.mark.parametrize("who", ["giver", "taker"])
@pytest.mark.parametrize("done", [(), ("giver",), ("taker",)])
def test_a_block_ends_what_is_agreed_at_both_ends(mesh: Mesh, people: People, who: str, done: tuple[str, ...]) -> None:
    """It does not matter which of the two blocks, and who has confirmed already. The letter goes by Bob, who is connected with both."""
    alice, _, carol = people
    exchange = sofa_promised(mesh, people)
    sides = {"giver": carol, "taker": alice}
    for side in done:
        make(mesh, sides[side], exchange, "done")
    blocker, blocked = (carol, alice) if who == "giver" else (alice, carol)
    block(mesh, blocker, "Alice" if who == "giver" else "Carol")
    assert states(mesh, blocker) == ["cancelled"]
    assert states(mesh, blocked) == ["cancelled"]
    assert [seen.reason for seen in all_of(mesh, blocked)] == [""]


def test_what_was_promised_to_the_blocked_is_offered_again(mesh: Mesh, people: People) -> None:
    _, bob, carol = people
    sofa_promised(mesh, people)
    assert bob.titles() == []
    block(mesh, carol, "Alice")
    assert [found.quantity for found in bob.discover().results] == [1]


@pytest.mark.parametrize("blocker", ["asker", "owner"])
def test_a_request_is_answered_with_a_no_and_an_own_one_is_withdrawn(mesh: Mesh, people: People, blocker: str) -> None:
    """A request is no agreement, so nothing is asked first."""
    alice, _, carol = people
    offer(mesh, carol)
    respond(mesh, alice)
    assert states(mesh, carol) == ["requested"]
    one, name = (alice, "Carol") if blocker == "asker" else (carol, "Alice")
    blocking.call_off(one.replica, name, BlockQuery())
    blocking.block(one.replica, name)
    mesh.settle()
    expected = ["cancelled"] if blocker == "asker" else ["declined"]
    assert states(mesh, alice) == states(mesh, carol) == expected


def test_no_other_letter_passes_once_there_is_a_block(mesh: Mesh, people: People) -> None:
    """What Carol said before the block and Alice has not fetched is withdrawn; the last letter alone is left."""
    alice, bob, carol = people
    exchange = sofa_promised(mesh, people)
    mesh.cut("Alice", "Bob")
    make(mesh, carol, exchange, "say", "The key is under the mat.")
    block(mesh, carol, "Alice")
    mesh.heal()
    mesh.advance(60)
    (seen,) = all_of(mesh, alice)
    assert seen.state == "cancelled"
    assert "The key is under the mat." not in [message.text for message in seen.messages]
    assert len([letter for letter in stored_letters(bob.replica.store) if letter.author == carol.person]) == 1


def test_the_blocked_reads_the_same_as_after_any_cancellation(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    sofa_promised(mesh, people)
    block(mesh, carol, "Alice")
    (by_block,) = inbox(mesh, alice)
    assert (by_block.state, by_block.with_.name, by_block.next, by_block.reason) == ("cancelled", "Carol", (), "")
    assert [message.text for message in by_block.messages] == ["", "", ""]
    assert not alice.replica.trust_state.graph.blocks(carol.person, alice.person)  # her node does not know of it


def test_what_the_blocked_writes_goes_nowhere(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    exchange = sofa_promised(mesh, people)
    mesh.cut("Alice", "Bob")
    block(mesh, carol, "Alice")
    make(mesh, alice, exchange, "say", "When may I come?")
    mesh.heal()
    mesh.advance(60)
    assert "When may I come?" not in [one.text for one in cases.one(carol.replica, exchange).messages]
    with pytest.raises(Refused, match="canceled"):
        make(mesh, alice, exchange, "say", "Why?")


def test_a_block_says_that_something_is_lent_and_leaves_it_lent(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol, lend=True)
    completed(mesh, carol, alice, respond(mesh, alice))
    with pytest.raises(Unconfirmed, match=r'something is lent between you and Alice \("Drill"\)'):
        blocking.call_off(carol.replica, "Alice", BlockQuery())
    block(mesh, carol, "Alice")
    assert states(mesh, carol) == states(mesh, alice) == ["completed"]


def test_an_end_stays_an_end_after_an_unblock(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    sofa_promised(mesh, people)
    block(mesh, carol, "Alice")
    blocks.unblock(carol.replica, "Alice")
    mesh.settle()
    mesh.advance(60)
    assert states(mesh, carol) == states(mesh, alice) == ["cancelled"]
