"""Gives shares of the owner's identity key to friends, by letter, so that some of them together can bring the owner back.

This node keeps no share, so somebody who reads its disk learns nothing new of a key that has a passphrase. It remembers who the
friends are, and by which letters they got their shares.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from meshnode.app.letters import letters
from meshnode.app.letters.delivery import Delivery
from meshnode.app.naming import PersonRef, find, name_of, reference
from meshnode.app.owner import policy
from meshnode.app.owner.certificates import identity_keys
from meshnode.errors import Field, NotFound, Refused, Unconfirmed, Usage
from meshnode.quoting import first_few, named
from meshnode.recovery.shares import FRIENDS_MAX, NEED_LEAST, split
from meshnode.replica.replica import Replica
from meshnode.text.catalog import message
from protocol import PersonId
from protocol.letters import KeyShare

_FRIENDS = "friends who keep the key"  # a name in the store's small values


class FriendsOrder(Struct, frozen=True):
    """The friends who keep shares of your key, and how many of them it takes; `anyway` says that you know what they can do."""

    friends: tuple[str, ...]
    need: int = NEED_LEAST
    anyway: bool = False


class FriendView(Struct, frozen=True):
    """A friend who keeps a share of your key: the delivery of their letter, and why not to rely on them (null: nothing)."""

    person: PersonRef
    delivery: str
    warning: str | None


class FriendsView(Struct, frozen=True):
    """The friends who keep shares of your key: it takes `need` of them. `made` in UNIX seconds; null where there are none."""

    need: int | None
    made: int | None
    friends: tuple[FriendView, ...]


class _FriendSet(Struct, frozen=True):
    """The set that was made last, the letters by which its shares went out, and those of people who are to delete one."""

    made: int
    need: int
    letters: dict[PersonId, bytes]
    received: frozenset[PersonId] = frozenset()
    """Those who have their share; the store forgets after a year which letters were delivered."""


def set_friends(replica: Replica, order: FriendsOrder) -> None:
    """Give each of these friends a new share, instead of all earlier ones.

    Raises Forbidden without the identity key; Usage for too few or too many; Refused for somebody who does not trust the
    owner, or whom the owner does not trust, and who cannot be written to; Unconfirmed unless it is wanted `anyway`.
    """
    seed = identity_keys(replica).seed
    people = _people(replica, order.friends)
    if NEED_LEAST <= len(people) < order.need:
        raise Usage(
            "it would take {need} friends to bring you back, and you have chosen {count}",
            "choose more, or let fewer be enough",
            field=Field.NEED,
            need=order.need,
            count=len(people),
        )
    if not NEED_LEAST <= order.need <= len(people) <= FRIENDS_MAX:
        raise Usage(
            "choose {least} to {most} friends, and at least {least} of them whom it takes to bring you back",
            field=Field.NEED if NEED_LEAST <= len(people) <= FRIENDS_MAX else Field.FRIENDS,
            least=NEED_LEAST,
            most=FRIENDS_MAX,
        )
    for person in people:
        _check_friend(replica, person)
    if not order.anyway:
        raise Unconfirmed(
            "{names} together can act as you, if they want to: read, write, block and trust in your name"
            if order.need == len(people)
            else "any {need} of {names} together can act as you, if they want to: read, write, block and trust in your name",
            "choose friends who would not do that, and who do not live in one house",
            need=order.need,
            names=first_few([named(name_of(replica, person)) for person in people], FRIENDS_MAX),
        )
    former = _read(replica)
    made = max(replica.clock.now(), former.made + 1)
    texts = split(seed, need=order.need, count=len(people))
    with replica.transaction():
        _take_back(replica, former, made, [person for person in former.letters if person not in people])
        slots = {
            person: letters.send(replica, person, KeyShare(made, order.need, text), to_own_devices=False)
            for person, text in zip(people, texts, strict=True)
        }
        _write(replica, _FriendSet(made, order.need, slots))


def unset(replica: Replica) -> None:
    """Let all friends delete their shares. NotFound where there are none, Forbidden without the identity key."""
    identity_keys(replica)  # a device that was stolen must not take the way back
    former = _read(replica)
    if not former.letters:
        raise NotFound("no friends keep your key", "'meshnode recovery set' chooses some")
    made = max(replica.clock.now(), former.made + 1)
    with replica.transaction():
        _take_back(replica, former, made, list(former.letters))
        _write(replica, _FriendSet(made, 0, {}))


def friends(replica: Replica) -> FriendsView:
    """Return the friends who keep shares of the owner's key, by name."""
    found = _read(replica)
    if not found.letters:
        return FriendsView(None, None, ())
    listed = [_view(replica, person, _delivery(replica, found, person)) for person in found.letters]
    listed.sort(key=lambda one: (one.person.name.casefold(), one.person.id))
    return FriendsView(found.need, found.made, tuple(listed))


def _people(replica: Replica, typed: Sequence[str]) -> list[PersonId]:
    people = [find(replica, name) for name in typed]
    if len(set(people)) < len(people):
        raise Usage("name each friend once", field=Field.FRIENDS)
    return people


def _check_friend(replica: Replica, person: PersonId) -> None:
    name, graph = named(name_of(replica, person)), replica.trust_state.graph
    if person == replica.me:
        raise Refused("you cannot keep your own key for yourself", "choose friends", field=Field.FRIENDS)
    if policy.weight(replica, person) == 0:
        raise Refused("you do not trust {name} directly", "choose somebody whom you do", name=name, field=Field.FRIENDS)
    if graph.weight(person, replica.me) == 0:
        raise Refused(
            "{name} does not trust you directly, so their node would not keep your key",
            "choose somebody who does",
            name=name,
            field=Field.FRIENDS,
        )
    letters.check_can_write(replica, person)


def _take_back(replica: Replica, former: _FriendSet, made: int, leaving: Sequence[PersonId]) -> None:
    """Withdraw the letters of the former set that are still under way, and let those who leave delete what they have."""
    for slot in former.letters.values():
        letters.take_back(replica, slot)
    for person in leaving:
        try:
            letters.check_can_write(replica, person)
        except Refused:
            continue  # somebody who cannot be written to would not delete it either
        letters.send(replica, person, KeyShare(made, 0, ""), to_own_devices=False)


def follow(replica: Replica) -> None:
    """Remember which friends have received their shares."""
    found = _read(replica)
    received = {one for one in found.letters if _delivery(replica, found, one) is Delivery.DELIVERED}
    if received != found.received:
        _write(replica, replace(found, received=frozenset(received)))


def _delivery(replica: Replica, found: _FriendSet, person: PersonId) -> Delivery:
    if person in found.received:
        return Delivery.DELIVERED
    return letters.delivery(replica, found.letters[person]) or Delivery.EXPIRED


def _view(replica: Replica, person: PersonId, delivery: Delivery) -> FriendView:
    return FriendView(reference(replica, person), delivery.value, _warning(replica, person, delivery))


def _warning(replica: Replica, person: PersonId, delivery: Delivery) -> str | None:
    """Return in words why not to rely on this friend; None if nothing speaks against them."""
    if policy.blocks(replica, person):
        return str(message("you block them"))
    if policy.weight(replica, person) == 0:
        return str(message("you no longer trust them"))
    if not replica.trust_state.devices(person) or replica.trust_state.graph.blocks(person, replica.me):
        return str(message("no device of theirs can be reached any longer"))
    if delivery is Delivery.EXPIRED:
        return str(message("their share did not arrive in time"))
    return None


def _read(replica: Replica) -> _FriendSet:
    kept = replica.store.meta.get(_FRIENDS)
    if kept is None:
        return _FriendSet(0, 0, {})
    made, need, slots, received = json.loads(kept)
    return _FriendSet(
        made,
        need,
        {bytes.fromhex(person): bytes.fromhex(slot) for person, slot in slots.items()},
        frozenset(map(bytes.fromhex, received)),
    )


def _write(replica: Replica, found: _FriendSet) -> None:
    slots = {person.hex(): slot.hex() for person, slot in found.letters.items()}
    received = sorted(person.hex() for person in found.received)
    replica.store.meta.set(_FRIENDS, json.dumps([found.made, found.need, slots, received]))
