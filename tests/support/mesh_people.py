"""What people of a simulated mesh do and see, in one line each."""

from __future__ import annotations

from meshnode.app import authoring, policy
from meshnode.app.judge import Answer
from meshnode.store import State
from protocol import Audience, Kind, Listing, Record, body_of, limits
from tests.support.mesh import Mesh


def befriend(mesh: Mesh, a: str, b: str, weight: int, back: int) -> None:
    """`a` and `b` vouch for each other as a card would make them, and are connected."""
    first, second = mesh.nodes[a], mesh.nodes[b]
    for node, other in ((first, second), (second, first)):
        own_certificate = other.replica.store.records.bodies(Kind.DEVICE, author=other.person)
        node.replica.ingest.receive(list(own_certificate))
    policy.vouch(first.replica, second.person, weight)
    policy.vouch(second.replica, first.person, back)
    mesh.wire(a, b)


def post(mesh: Mesh, name: str, title: str, audience: Audience = Audience.FOLLOWS) -> Record:
    """`name` offers `title`."""
    replica = mesh.nodes[name].replica
    body = Listing(salt=authoring.fresh_salt(replica), type="offer", title=title)
    return authoring.write(replica, Kind.LISTING, replica.entropy(16), body, life=90 * limits.DAY, audience=audience)


def sees(mesh: Mesh, name: str) -> set[str]:
    """The titles of other people's listings that `name`'s node would show."""
    node = mesh.nodes[name]
    now = node.replica.clock.now()
    records = node.replica.store.records
    shown = [
        row.id
        for row in records.rows(kinds=(Kind.LISTING,), states=(State.LIVE,))
        if row.author != node.person and node.replica.judge.may_have(node.person, row, now) is Answer.YES
    ]
    bodies = [body_of(record) for record in records.get_many(shown) if not record.withdrawn]
    return {body.title for body in bodies if isinstance(body, Listing)}


def holds(mesh: Mesh, name: str, record: Record) -> bool:
    """Whether `name`'s node stores the body of `record`, shown or not."""
    found = mesh.nodes[name].replica.store.records.get(record.id)
    return found is not None and not found.header_only
