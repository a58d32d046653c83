"""People who have shown an old version are told at once when a newer one takes it back, whatever else they may have."""

from __future__ import annotations

import pytest

from protocol import Audience, Kind, device_slot
from tests.support.mesh import Mesh
from tests.support.mesh_people import acquaint, befriend, block, person, vouch


@pytest.mark.parametrize("widened", [0, 1, 2])
def test_a_peer_who_showed_a_policy_that_they_may_not_have_by_our_knowledge_is_told_when_it_is_superseded(
    widened: int,
) -> None:
    """Vera has Ann's policy by way of Max, who blocks Gus: so Gus cannot know that she may have it. She shows it to Gus.

    Versions that take nothing back may come first: then she goes on with the old one, and knows only their headers.
    """
    mesh = Mesh(31)
    for name in ("Ann", "Gus", "Max", "Vera", "Tom"):
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    for one, other in (("Ann", "Gus"), ("Ann", "Max"), ("Max", "Vera"), ("Ann", "Tom")):
        befriend(mesh, one, other, 900, 900)
    mesh.settle()
    block(mesh, "Max", "Gus")
    acquaint(mesh, "Gus", "Vera")
    vouch(mesh, "Vera", "Gus", 900)
    mesh.wire("Gus", "Vera")
    mesh.settle()
    assert ("Gus", "Vera") in mesh.connections()
    assert policy_in_use(mesh, "Vera") == policy_in_use(mesh, "Ann") == policy_in_use(mesh, "Gus")
    mesh.cut("Max", "Vera")
    for more in range(widened):
        shown = policy_in_use(mesh, "Vera")
        vouch(mesh, "Ann", "Tom", 910 + more)
        mesh.settle()
        assert policy_in_use(mesh, "Vera") == shown
    vouch(mesh, "Ann", "Tom", 0)
    mesh.settle()
    assert policy_in_use(mesh, "Gus") == policy_in_use(mesh, "Ann")
    assert policy_in_use(mesh, "Vera") is None


def policy_in_use(mesh: Mesh, name: str) -> int | None:
    """Return the version of Ann's policy that somebody's node goes by; None if a newer one is known to supersede it."""
    ann, replica = mesh.nodes["Ann"].replica, mesh.nodes[name].replica
    slot = device_slot(ann.device)
    record = replica.store.records.current((person(mesh, "Ann"), Kind.POLICY, slot))
    newest = replica.store.records.newest((person(mesh, "Ann"), Kind.POLICY, slot))
    assert record is not None
    assert newest is not None
    return record.header.version if record.header.version >= newest.header.min_valid_version else None
