"""Long paths against whole nodes: `discover`, `people`, `why` and `audience` give one answer, on the nodes of both ends."""

from __future__ import annotations

import pytest

from meshnode.app.explain.audience import audience
from meshnode.app.explain.why import why
from meshnode.app.owner import policy
from meshnode.app.people.people import person
from meshnode.slices import complete
from protocol import Record, limits
from tests.app.neighbors import Neighbor, settle_in
from tests.support.mesh import Mesh
from tests.support.people import Person

MOST = limits.HOPS_MAX
People = tuple[Neighbor, Neighbor, Neighbor]


def join_by_sybils(mesh: Mesh, alice: Neighbor, carol: Neighbor, count: int) -> None:
    """Let so many Sybils in a row join Alice to Carol, who all vouch for each other at full trust."""
    sybils = [Person(f"Sybil {number}") for number in range(count)]
    row = [alice.person, *(sybil.id for sybil in sybils), carol.person]
    now = alice.replica.clock.now()
    said: list[Record] = []
    for at, sybil in enumerate(sybils, start=1):
        said += [sybil.certificate(now), sybil.policy({row[at - 1]: 1000, row[at + 1]: 1000}, now=now)]
    policy.vouch(alice.replica, row[1], 1000)
    policy.vouch(carol.replica, row[-2], 1000)
    mesh.settle()
    outcome = alice.replica.ingest.receive(said, sybils[0].id)
    assert (len(outcome.kept), outcome.faults) == (len(said), [])
    mesh.settle()


@pytest.mark.parametrize(("vouches", "trust"), [(MOST - 1, 1.0), (MOST, 0.56), (MOST + 10, 0.56)])
def test_a_long_path_gives_one_answer_everywhere(mesh: Mesh, people: People, vouches: int, trust: float) -> None:
    """Dave is behind Carol, with one vouch more than she."""
    alice, _, carol = people
    dave = settle_in(mesh, "Dave")
    carol.add(dave.card(), 1.0)
    mesh.wire("Carol", "Dave")
    join_by_sybils(mesh, alice, carol, vouches - 1)
    alice.post("Ladder", audience="trusted_network")
    dave.post("Drill", audience="trusted_network")
    mesh.settle()
    for one, name, theirs, mine in ((alice, "Dave", "Drill", "Ladder"), (dave, "Alice", "Ladder", "Drill")):
        explained = complete(why(one.replica, one.catalog, theirs))
        assert explained.regard is not None
        assert explained.reach is not None
        assert len(explained.regard.people) == len(explained.reach.people) == (MOST + 1 if trust == 1.0 else 4)
        assert explained.regard.trust == person(one.replica, name, ()).trust
        assert explained.reach.trust == person(one.replica, name, ()).reach
        assert [found.trust for found in one.discover(theirs, trust=0.1).results] == [explained.regard.trust]
        assert name in {viewer.name for viewer in complete(audience(one.replica, one.catalog, mine)).people}
    explained = complete(why(alice.replica, alice.catalog, "Drill"))
    assert explained.regard is not None
    assert explained.regard.trust == trust
