"""Room that is short is shared by those who answer for others, and nodes that are full come to rest."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from meshnode.app.owner import policy
from meshnode.replica import parts
from protocol import PersonId, limits
from tests.support.mesh import EPOCH, Mesh, Node
from tests.support.mesh_people import befriend, block
from tests.support.people import Person

ROOM = 160
SYBILS, FRIENDS = (
    [Person(f"{kind} {number}") for number in range(count)] for kind, count in (("sybil", 90), ("friend", 60))
)


def with_people(node: Node, people: Sequence[Person]) -> None:
    """Let the owner of this node and these people vouch for each other."""
    for one in people:
        policy.vouch(node.replica, one.id, 900)
    records = [
        record for one in people for record in (one.certificate(EPOCH), one.policy({node.person: 900}, now=EPOCH))
    ]
    assert node.replica.ingest.receive(records, people[0].id).later == []


def village(order: Sequence[str]) -> Mesh:
    """Return Bob, who has little room, and Alice with her friends and Mallory with hers, met by Bob in this order."""
    mesh = Mesh(91)
    for name in ("Bob", "Alice", "Mallory"):
        mesh.add(name)
    quota = mesh.nodes["Bob"].replica.quota
    quota.caps = quota.caps._replace(graph_records=ROOM)
    with_people(mesh.nodes["Alice"], FRIENDS)
    with_people(mesh.nodes["Mallory"], SYBILS)
    for name in order:
        befriend(mesh, "Bob", name, 800, 800)
        mesh.settle()
    return mesh


def kept(mesh: Mesh, people: Sequence[Person]) -> set[PersonId]:
    """Return of whom Bob holds a policy in use."""
    return {one.id for one in people if mesh.nodes["Bob"].replica.trust_state.has_policy(one.id)}


def came(mesh: Mesh) -> int:
    return sum(conversation.came for conversation in mesh.nodes["Bob"].conversations)


def wait(mesh: Mesh, minutes: int) -> None:
    for _ in range(6 * minutes):
        mesh.advance(10)


@pytest.mark.parametrize("order", [("Alice", "Mallory"), ("Mallory", "Alice")])
@pytest.mark.parametrize("effort", [200, 450, parts.PART_EFFORT, 10**6])
def test_a_full_node_gives_each_introducer_as_much_and_comes_to_rest(
    monkeypatch: pytest.MonkeyPatch, effort: int, order: Sequence[str]
) -> None:
    """In however many parts a batch is taken."""
    monkeypatch.setattr(parts, "PART_EFFORT", effort)
    mesh = village(order)
    wait(mesh, 60)
    friends, sybils, seen = kept(mesh, FRIENDS), kept(mesh, SYBILS), came(mesh)
    assert abs(len(friends) - len(sybils)) <= 3
    assert len(friends) + len(sybils) >= ROOM // 2 - 5  # hardly anybody is kept as a certificate alone
    assert ROOM - 10 <= mesh.nodes["Bob"].replica.quota.others().graph_records <= ROOM + 2
    wait(mesh, 60)
    assert (kept(mesh, FRIENDS), kept(mesh, SYBILS), came(mesh)) == (friends, sybils, seen)


def test_a_block_of_who_fills_the_room_lets_all_others_in() -> None:
    mesh = village(("Mallory", "Alice"))
    wait(mesh, 10)
    block(mesh, "Bob", "Mallory")
    for _ in range(3):
        mesh.nodes["Bob"].replica.ingest.make_room()
    wait(mesh, 30)
    assert len(kept(mesh, FRIENDS)) == len(FRIENDS)
    assert len(kept(mesh, SYBILS)) <= ROOM // limits.STRANGERS_PART  # Alice has them from Bob, and may show them
