"""A person with two devices in a simulated mesh, and the questions that tests ask about them."""

from __future__ import annotations

from meshnode.app.devices import revocation
from meshnode.app.explain.status import NetworkState, status
from meshnode.replica.replica import Replica
from protocol import Audience, Profile
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend, person


def village(seed: int = 70) -> Mesh:
    """Return a mesh of Alice's laptop and the Pi that she has added, her friend Bob, and Carol, whom only Bob knows."""
    mesh = Mesh(seed)
    for name in ("Laptop", "Bob", "Carol"):
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    befriend(mesh, "Laptop", "Bob", 900, 900)
    befriend(mesh, "Bob", "Carol", 900, 900)
    mesh.settle()
    mesh.join_device("Pi", "Laptop")
    mesh.wire("Laptop", "Pi")
    mesh.settle()
    return mesh


def replica(mesh: Mesh, name: str) -> Replica:
    """Return the replica of the node called `name`."""
    return mesh.nodes[name].replica


def revoke(
    mesh: Mesh,
    device: str = "Pi",
    *,
    discard: bool = False,
    keep_blocks: bool = False,
    keep_groups: bool = False,
    keep: tuple[str, ...] | None = None,
) -> revocation.RevokedView:
    """Let Alice revoke one of her devices, on her laptop; `keep` names the decisions that she keeps (None: no choice)."""
    order = revocation.RevokeOrder(discard, keep_blocks, keep_groups, keep is not None, keep or ())
    return revocation.revoke(replica(mesh, "Laptop"), device, order)


def presence_key(mesh: Mesh, where: str) -> bytes:
    """Alice's, as it is known on a node."""
    profile = replica(mesh, where).trust_state.profile(person(mesh, "Laptop"))
    assert isinstance(profile, Profile)
    return profile.presence_key


def problems(mesh: Mesh, name: str) -> set[str]:
    """Return the codes of the problems that a node reports."""
    return {problem.code for problem in status(replica(mesh, name), NetworkState(ready=True)).problems}
