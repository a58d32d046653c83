"""Nobody has to ask permission to share: not a steward, not a community, not the member who invited them."""

from __future__ import annotations

import pytest

from protocol import Audience, Kind
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend, block, found, invite, leave, person, post, sees

COMMUNITIES = {"Downtown": ("Ann", "Alice", "Bob"), "Eastside": ("Eve", "Carol", "Bob")}


@pytest.fixture
def towns() -> Mesh:
    """Two communities; each was founded by its first member. Bob is in both, and the others know Bob too."""
    mesh = Mesh(91)
    for name in ("Ann", "Alice", "Bob", "Carol", "Eve"):
        mesh.add(name, audience=Audience.MY_COMMUNITY)
    for one, other in (("Ann", "Alice"), ("Ann", "Bob"), ("Alice", "Bob"), ("Bob", "Carol"), ("Carol", "Eve"), ("Bob", "Eve")):  # fmt: skip
        befriend(mesh, one, other, 900, 900)
    mesh.settle()
    for name, (founder, *others) in COMMUNITIES.items():
        found(mesh, founder, name, "community")
        invite(mesh, founder, name, *others)
    return mesh


@pytest.mark.promise("SHALL NOT require community-level decisions for individual sharing")
@pytest.mark.promise("SHALL NOT require steward/admin approval for sharing")
@pytest.mark.promise("SHALL use trust paths for cross-community discovery")
def test_a_member_shares_across_communities_while_both_founders_are_away(towns: Mesh) -> None:
    """One record that Carol signs is all it takes, and nobody else signs anything."""
    for founder in ("Ann", "Eve"):
        for other in towns.nodes:
            towns.cut(founder, other)
    before = {name: signed_by(towns, name) for name in towns.nodes}
    post(towns, "Carol", "Ladder", Audience.NETWORK_WIDE)
    towns.settle()
    assert "Ladder" in sees(towns, "Alice")
    after = {name: signed_by(towns, name) for name in towns.nodes}
    assert {name: len(after[name] - before[name]) for name in after if after[name] != before[name]} == {"Carol": 1}


@pytest.mark.promise("SHALL NOT require steward/admin approval for sharing")
@pytest.mark.promise("No approval workflows anywhere")
@pytest.mark.parametrize("act", ["leaves", "blocks"])
def test_a_founder_who_does_not_like_it_cannot_stop_it(towns: Mesh, act: str) -> None:
    """Eve founded Carol's community. She may go, or block Carol; between Carol and all others nothing changes."""
    if act == "leaves":
        leave(towns, "Eve", "Eastside")
    else:
        block(towns, "Eve", "Carol")
    towns.settle()
    post(towns, "Carol", "Ladder", Audience.NETWORK_WIDE)
    post(towns, "Carol", "Choir", Audience.MY_COMMUNITY)
    towns.settle()
    assert sees(towns, "Alice") == {"Ladder"}
    assert sees(towns, "Bob") == {"Ladder", "Choir"}


def signed_by(mesh: Mesh, name: str) -> set[bytes]:
    """Return the ids of all records that the person signed."""
    return {row.id for row in mesh.nodes[name].replica.store.records.rows(tuple(Kind), person(mesh, name))}
