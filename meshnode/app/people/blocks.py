"""Blocks people and ends blocks: two people become invisible to each other, whatever else connects them."""

from __future__ import annotations

from msgspec import Struct

from meshnode.app.naming import PersonRef, find, known, public_name, reference, remember_name
from meshnode.app.owner import policy
from meshnode.errors import NotFound, Refused
from meshnode.replica.replica import Replica
from protocol import PersonId, RemoteError, limits, parse_person


class BlockView(Struct, frozen=True):
    """A person whom you block or did until now, and since when (UNIX seconds).

    `vouch` is the vouch that you gave them before, 0.001 to 1 (null: none). It counts for nothing while the block lasts,
    and again once the block has ended.
    """

    person: PersonRef
    since: int
    vouch: float | None


class BlocksView(Struct, frozen=True):
    """Everybody whom you block, the latest first."""

    blocks: tuple[BlockView, ...]


def block(replica: Replica, who: str) -> BlockView:
    """Block the person whom `who` means: anybody visible, or anybody at all by the whole id.

    Blocking a person twice changes nothing.
    """
    person = to_block(replica, who)
    if not policy.blocks(replica, person):
        name = public_name(replica, person)
        policy.block(replica, person)
        replica.store.blocked.add(person, replica.clock.now())
        remember_name(replica, person, name)
    return _view(replica, person)


def to_block(replica: Replica, who: str) -> PersonId:
    """Return the person whom `who` means, who is blocked or can be.

    Raises Refused for the owner, and where the policy is full of blocks.
    """
    person = _whole_id(who)
    if person is None:
        already = [blocked for blocked, _ in replica.store.blocked.all()]
        person = find(replica, who, among=[*already, *known(replica)], destructive=True)
    if person == replica.me:
        raise Refused("you cannot block yourself")
    if not policy.blocks(replica, person) and not policy.has_room_to_block(replica, person):
        raise Refused("the list of people you block is full", "make room with 'meshnode unblock NAME'")
    return person


def unblock(replica: Replica, who: str) -> BlockView:
    """End the block of the person whom `who` means. A vouch from before the block counts again; the view says so."""
    person = blocked(replica, who)
    view = _view(replica, person)
    policy.unblock(replica, person)
    replica.store.blocked.remove(person)
    return view


def blocked(replica: Replica, who: str) -> PersonId:
    """Return the blocked person whom `who` means. Raises NotFound if there is none."""
    listed = [person for person, _ in replica.store.blocked.all()]
    try:
        person = _whole_id(who) or find(replica, who, among=listed)
    except NotFound as error:
        raise NotFound(
            "you block nobody called {who}", "'meshnode blocks' lists the people you block", who=repr(who)
        ) from error
    if person not in listed and not policy.blocks(replica, person):
        raise NotFound("you block nobody called {who}", "'meshnode blocks' lists the people you block", who=repr(who))
    return person


def blocks(replica: Replica) -> BlocksView:
    """List everybody whom the owner blocks."""
    return BlocksView(tuple(_view_since(replica, person, since) for person, since in replica.store.blocked.all()))


def _view(replica: Replica, person: PersonId) -> BlockView:
    since = dict(replica.store.blocked.all()).get(person, replica.clock.now())
    return _view_since(replica, person, since)


def _view_since(replica: Replica, person: PersonId, since: int) -> BlockView:
    weight = policy.weight(replica, person)
    return BlockView(reference(replica, person), since, weight / limits.WEIGHT_MAX if weight else None)


def _whole_id(who: str) -> PersonId | None:
    try:
        return parse_person(who)
    except RemoteError:
        return None
