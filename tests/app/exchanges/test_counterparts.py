"""Two people with an open exchange go on writing to each other though trust between them has ended; nobody else learns."""

from __future__ import annotations

import pytest

from meshnode.app.exchanges import exchanges as cases
from meshnode.app.people import people as people_cases
from meshnode.errors import NotFound, Refused
from meshnode.replica.changes import Change
from protocol import Kind, limits
from tests.app.exchanging import all_of, completed, make, offer, respond, states
from tests.app.neighbors import Neighbor
from tests.support.mail import settle_down
from tests.support.mesh import Mesh
from tests.support.mesh_people import vouch

People = tuple[Neighbor, Neighbor, Neighbor]


def part(mesh: Mesh) -> None:
    """Bob no longer vouches for Carol, so Alice and Carol lose sight of each other."""
    vouch(mesh, "Bob", "Carol", 0)
    mesh.settle()


def words(neighbor: Neighbor, exchange: str) -> list[str]:
    return [one.text for one in cases.one(neighbor.replica, exchange).messages if one.text]


@pytest.fixture
def trailer(mesh: Mesh, people: People) -> str:
    """Carol lends Alice a trailer, and both have confirmed that it was handed over."""
    alice, _, carol = people
    offer(mesh, carol, "Trailer", lend=True)
    exchange = respond(mesh, alice, "Trailer")
    completed(mesh, carol, alice, exchange)
    return exchange


def test_both_go_on_writing_while_something_is_lent(mesh: Mesh, people: People, trailer: str) -> None:
    """Bob, in both webs, carries what Alice writes; Carol meets Alice and is told directly."""
    alice, _, carol = people
    part(mesh)
    with pytest.raises(NotFound):
        people_cases.person(alice.replica, "Carol", ())  # she cannot be seen
    make(mesh, alice, trailer, "say", "A tire is flat.")
    mesh.wire("Alice", "Carol")
    mesh.advance(60)
    make(mesh, carol, trailer, "say", "Never mind.")
    mesh.advance(60)
    assert words(carol, trailer)[-2:] == words(alice, trailer)[-2:] == ["A tire is flat.", "Never mind."]
    assert make(mesh, alice, trailer, "returned").state == "completed"
    assert make(mesh, carol, trailer, "returned").state == "returned"
    mesh.advance(60)
    assert states(mesh, alice) == ["returned"]


@pytest.mark.parametrize("agreed", [True, False])
def test_both_go_on_writing_while_an_exchange_is_open(mesh: Mesh, people: People, agreed: bool) -> None:
    alice, _, carol = people
    offer(mesh, carol)
    exchange = respond(mesh, alice)
    assert states(mesh, carol) == ["requested"]
    if agreed:
        make(mesh, carol, exchange, "accept")
    part(mesh)
    mesh.wire("Alice", "Carol")
    for neighbor, text in ((alice, "May I still come?"), (carol, "You may.")):
        make(mesh, neighbor, exchange, "say", text)
    assert words(alice, exchange) == words(carol, exchange) == ["May I still come?", "You may."]
    make(mesh, carol, exchange, "cancel" if agreed else "decline", "It broke.")
    mesh.advance(60)
    assert states(mesh, alice) == ["cancelled" if agreed else "declined"]


def test_they_see_nothing_else_of_each_other(mesh: Mesh, people: People, trailer: str) -> None:
    """Certificates and the letters between the two pass, and no listing, profile or policy."""
    alice, _, carol = people
    part(mesh)
    mesh.wire("Alice", "Carol")
    offer(mesh, carol, "Piano")
    make(mesh, carol, trailer, "say", "Is it dry?")
    mesh.advance(60)
    assert words(alice, trailer)[-1] == "Is it dry?"
    assert alice.titles() == []
    records = alice.replica.store.records
    held = records.get_many([row.id for row in records.rows(author=carol.person)])
    assert {Kind(record.header.kind) for record in held if record.body} <= {Kind.DEVICE, Kind.LETTER}


def test_it_ends_with_the_exchange(mesh: Mesh, people: People, trailer: str) -> None:
    alice, _, carol = people
    part(mesh)
    mesh.wire("Alice", "Carol")
    make(mesh, carol, trailer, "returned")
    for _ in range(3):
        mesh.advance(20 * limits.DAY)
    assert states(mesh, alice) == states(mesh, carol) == ["returned"]
    assert not alice.replica.trust_state.counterparts
    assert not carol.replica.trust_state.counterparts
    assert alice.replica.trust_state.devices(carol.person) == []
    with pytest.raises(Refused, match="no message can reach Carol"):
        make(mesh, alice, trailer, "say", "Thank you.")


def test_people_who_share_no_exchange_learn_nothing_more(mesh: Mesh, people: People) -> None:
    """A request that came to nothing leaves no door open."""
    alice, _, carol = people
    offer(mesh, carol)
    make(mesh, carol, respond(mesh, alice), "decline")
    settle_down(mesh)
    part(mesh)
    mesh.wire("Alice", "Carol")
    for _ in range(2):
        mesh.advance(20 * limits.DAY)
    assert alice.replica.trust_state.devices(carol.person) == []
    assert carol.replica.trust_state.devices(alice.person) == []


def test_the_other_is_named_though_out_of_sight(mesh: Mesh, people: People, trailer: str) -> None:
    alice, _, _ = people
    part(mesh)
    for _ in range(2):
        mesh.advance(60)
    assert [(seen.with_.name, seen.connected) for seen in all_of(mesh, alice)] == [("Carol", False)]
    make(mesh, alice, trailer, "say", "Hello?")
    assert cases.one(alice.replica, trailer).messages[-1].delivery == "under way"


def test_a_follower_of_changes_is_told_once_that_two_have_come_together(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol, "Trailer", lend=True)
    heard: list[Change] = []
    alice.replica.changes.subscribe(heard.append)
    exchange = respond(mesh, alice, "Trailer")
    assert [change.people for change in heard if change.trust and carol.replica.me in change.people] != []
    heard.clear()
    make(mesh, alice, exchange, "say", "When may I come?")
    assert not any(change.trust for change in heard)
