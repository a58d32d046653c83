"""Whatever a stolen second device signs, the owner's other device goes on, does all its other upkeep, and revokes it."""

from __future__ import annotations

import pytest

from meshnode.app import upkeep
from meshnode.app.devices import device_list, revocation
from meshnode.app.explain.status import NetworkState, status
from meshnode.app.owner import policy, presence_key
from meshnode.replica.replica import Replica
from protocol import Kind, Profile, limits
from tests.support import hostile_sibling
from tests.support.mesh import Mesh
from tests.support.mesh_devices import replica, revoke, village
from tests.support.mesh_people import person, post, sees, unblock, vouch

pytestmark = pytest.mark.fails_unattended


def robbed() -> tuple[Mesh, Replica]:
    """Return a mesh in which Alice's Pi is stolen, and her laptop."""
    mesh = village()
    post(mesh, "Laptop", "Ladder")
    mesh.settle()
    mesh.cut("Laptop", "Pi")
    return mesh, replica(mesh, "Laptop")


def key_of(laptop: Replica) -> bytes:
    profile = laptop.trust_state.profile(laptop.me)
    assert isinstance(profile, Profile)
    return profile.presence_key


@pytest.mark.parametrize("slipped", [False, True], ids=["at the door", "past the door"])
@pytest.mark.parametrize("kind", hostile_sibling.KINDS, ids=lambda kind: kind.name.lower())
def test_nothing_that_a_stolen_device_signs_stops_upkeep_or_its_revocation(kind: Kind, slipped: bool) -> None:
    mesh, laptop = robbed()
    thief = replica(mesh, "Pi")
    ladder = next(laptop.store.records.bodies(Kind.LISTING, author=laptop.me)).header.slot
    victims = tuple(sorted(person(mesh, name) for name in ("Bob", "Carol")))
    tried = 0
    for record in hostile_sibling.records(thief, kind, (ladder,), victims):
        if slipped:
            hostile_sibling.slip_in(laptop, record)
        else:
            laptop.ingest.receive([record], laptop.me)
        laptop.guard.try_again()
        presence_key.rotate_at_once(laptop)
        assert 1 <= upkeep.upkeep(laptop) <= limits.HOUR
        status(laptop, NetworkState(ready=True))
        tried += 1
    assert tried > 20
    mesh.heal_between(["Laptop", "Bob"])
    for _ in range(25):
        mesh.advance(limits.HOUR)
    assert device_list.devices(laptop, ()).devices
    before = laptop.trust_state.profile(laptop.me)
    revoked = revoke(mesh, discard=kind is Kind.POLICY)  # whose blocks the owner would keep else
    assert revoked.name == "Pi"
    assert laptop.trust_state.revoked(laptop.me, thief.device)
    mesh.restart("Laptop")
    laptop = replica(mesh, "Laptop")
    laptop.guard.try_again()
    mesh.advance(limits.HOUR)
    assert before is None or key_of(laptop) != before.presence_key
    assert policy.own(laptop) is not None
    unblock(mesh, "Laptop", "Bob")
    vouch(mesh, "Laptop", "Bob", 900)
    post(mesh, "Laptop", "Saw")
    mesh.advance(60)
    assert "Saw" in sees(mesh, "Bob")
    assert isinstance(revocation.find(laptop, "Pi"), bytes)
