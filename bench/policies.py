"""Measures what crosses the wire when somebody with 150 vouches renews their policy, and when they change one vouch.

Two whole nodes in one process have a live session. All that they send to each other counts, as the channel sends it.
"""

from __future__ import annotations

from hashlib import blake2b

from bench.harness import Bound, Report
from meshnode.app.owner import policy
from protocol import Kind, PersonId
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend, person, vouch

VOUCHES = 150
BOUNDS = {"renewed": Bound(500, 400), "with one vouch changed": Bound(700, 500)}


def measure(report: Report) -> None:
    """Measure the bytes of one renewal and of one changed vouch, both ways."""
    mesh = Mesh(1)
    for name in ("Alice", "Bob"):
        mesh.add(name)
    replica = mesh.nodes["Alice"].replica
    for number in range(VOUCHES - 1):
        policy.vouch(replica, _someone(number), 900)
    befriend(mesh, "Alice", "Bob", 900, 900)
    mesh.settle()
    for name, bound in BOUNDS.items():
        before = mesh.bytes_sent
        if name == "renewed":
            policy.renew(replica)
        else:
            vouch(mesh, "Alice", "Bob", 950)
        mesh.settle()
        (held,) = mesh.nodes["Bob"].replica.store.records.bodies(Kind.POLICY, author=person(mesh, "Alice"))
        (own,) = replica.store.records.bodies(Kind.POLICY, author=replica.me)
        assert held.id == own.id, "the other node has the new version"
        report.add(f"a policy of {VOUCHES} vouches {name}", "B", [mesh.bytes_sent - before], bound=bound)


def _someone(number: int) -> PersonId:
    return blake2b(number.to_bytes(2, "big"), digest_size=32).digest()
