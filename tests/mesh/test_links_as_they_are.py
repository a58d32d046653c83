"""Links of a simulated mesh that are as bad as real ones: half gone, doubled, unread, or with no place at their end."""

from __future__ import annotations

from meshnode.net.peer_link import STALL_SECONDS
from protocol import Audience, limits
from tests.support.mesh import Mesh
from tests.support.mesh_lines import WINDOW
from tests.support.mesh_people import befriend, post, sees


def friends(mesh: Mesh, *others: str) -> None:
    """Let Alice be a friend of all the others."""
    for name in ("Alice", *others):
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    for name in others:
        befriend(mesh, "Alice", name, 900, 900)


def sessions(mesh: Mesh, name: str) -> int:
    """Return how many sessions the node of `name` has."""
    return len(mesh.nodes[name].table)


def test_of_two_connections_that_both_ends_open_at_once_one_stays() -> None:
    mesh = Mesh(1)
    mesh.doubled = 1.0
    friends(mesh, "Bob")
    mesh.settle()
    post(mesh, "Alice", "Ladder")
    mesh.settle()
    assert sees(mesh, "Bob") == {"Ladder"}
    assert (sessions(mesh, "Alice"), sessions(mesh, "Bob")) == (1, 1)
    assert mesh.connections() == [("Alice", "Bob")]


def test_an_end_that_does_not_know_yet_that_a_connection_is_gone_takes_the_next_one() -> None:
    mesh = Mesh(2)
    mesh.fading = 1.0
    friends(mesh, "Bob")
    mesh.settle()
    mesh.cut("Alice", "Bob")
    assert mesh.connections() == []
    assert (sessions(mesh, "Alice"), sessions(mesh, "Bob")) == (1, 1), "neither end has found out"
    post(mesh, "Alice", "Ladder")
    mesh.heal()
    mesh.settle()
    assert mesh.connections() == [("Alice", "Bob")]
    assert sees(mesh, "Bob") == {"Ladder"}
    assert (sessions(mesh, "Alice"), sessions(mesh, "Bob")) == (1, 1)


def test_somebody_who_reads_nothing_for_a_while_hears_everything_later() -> None:
    mesh = Mesh(3)
    friends(mesh, "Bob")
    mesh.settle()
    mesh.hang(mesh.nodes["Bob"], STALL_SECONDS / 2)
    for number in range(20):
        post(mesh, "Alice", f"Ladder {number}")
    mesh.run_for(STALL_SECONDS / 3)
    assert sees(mesh, "Bob") == set()
    mesh.settle()
    assert len(sees(mesh, "Bob")) == 20


def test_a_connection_whose_other_end_stops_reading_is_given_up_after_a_minute_and_opened_again() -> None:
    mesh = Mesh(4)
    mesh.add("Alice", audience=Audience.NETWORK_WIDE)
    mesh.add("Bob", audience=Audience.NETWORK_WIDE)
    for number in range(60):
        post(mesh, "Alice", f"Ladder {number}")
    befriend(mesh, "Alice", "Bob", 900, 900)
    while not any(end.unwritten > WINDOW for line in mesh.wires[0].lines for end in line.ends):
        mesh.run_for(0.002)
    mesh.hang(mesh.nodes["Bob"], 2 * STALL_SECONDS)
    mesh.run_for(STALL_SECONDS - 1)
    assert mesh.wires[0].opened == 1
    mesh.settle()
    assert mesh.wires[0].opened == 2
    assert len(sees(mesh, "Bob")) == 60


def test_everybody_is_told_by_a_node_that_has_places_for_few_of_them() -> None:
    mesh = Mesh(5)
    others = [f"Guest {number}" for number in range(7)]
    friends(mesh, *others)
    mesh.nodes["Alice"].places = 3
    mesh.restart("Alice")
    mesh.settle()
    assert sessions(mesh, "Alice") == 3
    post(mesh, "Alice", "Ladder")
    for _ in range(4):
        mesh.lull(limits.HOUR, compares=True)
    assert [name for name in others if "Ladder" not in sees(mesh, name)] == []
    assert sessions(mesh, "Alice") == 3
