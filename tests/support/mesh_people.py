"""The actions of people in a simulated mesh, and questions about what they see, in one line each."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, pairwise

from meshnode.app.groups import groups
from meshnode.app.owner import policy
from meshnode.replica import authoring
from meshnode.replica.access import Access
from meshnode.store import RecordState
from protocol import Audience, Kind, Listing, PersonId, Record, body_of, limits
from tests.support.mesh import Mesh


def acquaint(mesh: Mesh, a: str, b: str) -> None:
    """Give `a` and `b` each other's certificates, as a card would."""
    first, second = mesh.nodes[a], mesh.nodes[b]
    for node, other in ((first, second), (second, first)):
        node.replica.ingest.receive(list(other.replica.store.records.bodies(Kind.DEVICE, author=other.person)))


def acquaint_all(mesh: Mesh, names: Iterable[str]) -> None:
    """Give all of these people each other's certificates."""
    for a, b in combinations(sorted(names), 2):
        acquaint(mesh, a, b)


def befriend(mesh: Mesh, a: str, b: str, weight: int, back: int) -> None:
    """Let `a` and `b` vouch for each other, as after a card, and connect them."""
    acquaint(mesh, a, b)
    vouch(mesh, a, b, weight)
    vouch(mesh, b, a, back)
    mesh.wire(a, b)


def row(*names: str, seed: int = 1, weight: int = 900, audience: Audience = Audience.TRUSTED_NETWORK) -> Mesh:
    """Return people in a row, each connected with the next, who vouch for each other."""
    mesh = Mesh(seed)
    for name in names:
        mesh.add(name, audience=audience)
    for left, right in pairwise(names):
        befriend(mesh, left, right, weight, weight)
    mesh.settle()
    return mesh


def person(mesh: Mesh, name: str) -> PersonId:
    """Return the person whose node `name` is."""
    return mesh.nodes[name].person


def vouch(mesh: Mesh, a: str, b: str, weight: int) -> None:
    """Let `a` vouch for `b` with `weight` per mille; 0 takes it back."""
    policy.vouch(mesh.nodes[a].replica, person(mesh, b), weight)


def block(mesh: Mesh, a: str, b: str) -> None:
    """Let `a` block `b`."""
    policy.block(mesh.nodes[a].replica, person(mesh, b))


def unblock(mesh: Mesh, a: str, b: str) -> None:
    """Let `a` end the block of `b`."""
    policy.unblock(mesh.nodes[a].replica, person(mesh, b))


def post(
    mesh: Mesh,
    name: str,
    title: str,
    audience: Audience = Audience.FOLLOWS,
    *,
    place: str | None = None,
    life: int = 90 * limits.DAY,
) -> Record:
    """Let `name` offer `title`, at `place` or at their own place, for `life` seconds."""
    return _write(mesh, name, mesh.nodes[name].replica.entropy(16), title, audience, place=place, life=life)


def rewrite(
    mesh: Mesh, name: str, listing: Record, title: str, audience: Audience | None = None, *, may_reduce_access: bool
) -> Record:
    """Let `name` write a new version of a listing; `may_reduce_access` takes the older ones out of use."""
    kept, before = Audience(listing.header.audience), body_of(listing) if listing.body else None
    place = before.place if isinstance(before, Listing) else None
    audience = kept if audience is None else audience
    return _write(mesh, name, listing.header.slot, title, audience, place=place, may_reduce_access=may_reduce_access)


def _write(
    mesh: Mesh,
    name: str,
    slot: bytes,
    title: str,
    audience: Audience,
    *,
    place: str | None = None,
    life: int = 90 * limits.DAY,
    may_reduce_access: bool = False,
) -> Record:
    replica = mesh.nodes[name].replica
    body = Listing(salt=authoring.fresh_salt(replica), type="offer", title=title, place=place)
    return authoring.write(
        replica, Kind.LISTING, slot, body, life=life, audience=audience, may_reduce_access=may_reduce_access
    )


def withdraw(mesh: Mesh, name: str, listing: Record) -> Record:
    """Let `name` take a listing back."""
    return authoring.withdraw(mesh.nodes[name].replica, Kind.LISTING, listing.header.slot)


def sees(mesh: Mesh, name: str) -> set[str]:
    """Return the titles of other people's listings that `name`'s node would show."""
    node = mesh.nodes[name]
    now = node.replica.clock.now()
    records = node.replica.store.records
    shown = [
        row.id
        for row in records.rows(kinds=(Kind.LISTING,), states=(RecordState.LIVE,))
        if row.author != node.person and node.replica.access.may_have(node.person, row, now) is Access.ALLOW
    ]
    bodies = [body_of(record) for record in records.get_many(shown) if not record.withdrawn]
    return {body.title for body in bodies if isinstance(body, Listing)}


def holds(mesh: Mesh, name: str, record: Record) -> bool:
    """Whether `name`'s node stores the body of `record`, shown or not."""
    found = mesh.nodes[name].replica.store.records.get(record.id)
    return found is not None and not found.header_only


def state(mesh: Mesh, name: str, record: Record) -> RecordState | None:
    """Return the state in which `name`'s node stores `record`; None if it does not."""
    rows = mesh.nodes[name].replica.store.records.rows_of([record.id])
    return RecordState(rows[0].state) if rows else None


def knows_name(mesh: Mesh, name: str, other: str) -> bool:
    """Whether `name`'s node knows `other`'s own records."""
    return mesh.nodes[name].replica.trust_state.profile(person(mesh, other)) is not None


def found(mesh: Mesh, name: str, group: str, kind: str = "cell") -> None:
    """Let `name` found a group."""
    groups.new(mesh.nodes[name].replica, groups.GroupOrder(kind, group))


def invite(mesh: Mesh, inviter: str, group: str, *invited: str) -> None:
    """Let a member invite people, who accept as soon as they hear of it."""
    for name in invited:
        groups.invite(mesh.nodes[inviter].replica, group, None, name)
    mesh.settle()
    for name in invited:
        groups.join(mesh.nodes[name].replica, group, None)
    mesh.settle()


def leave(mesh: Mesh, name: str, group: str) -> None:
    """Let `name` leave a group."""
    groups.leave(mesh.nodes[name].replica, group, None)


def members(mesh: Mesh, name: str, group: str) -> set[str]:
    """Return the members of the group, as `name` sees it."""
    (seen,) = groups.show(mesh.nodes[name].replica, groups.GroupsQuery(name=group)).groups
    return {member.person.name for member in seen.members}
