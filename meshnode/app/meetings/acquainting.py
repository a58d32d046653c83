"""Vouches for a person who was met by a word code, and says to them who the owner is."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import partial

from meshnode.app.owner import policy
from meshnode.app.people.people import give, who_we_are
from meshnode.replica.replica import Replica
from protocol import Record
from protocol.wire import MeetPerson, meet_person

Introduce = Callable[[bytes], MeetPerson]
"""Says who the owner is, on the channel with this handshake hash."""


def introducer(replica: Replica) -> Introduce:
    """Return how to say who the owner is; it touches no store. Raises Failed before the node has a profile."""
    return partial(meet_person, replica.keys, *who_we_are(replica))


class Trouble(Enum):
    """The reason why somebody who knows the words is not connected; the value names it in JSON."""

    OWN = "own"
    BLOCKED = "blocked"
    FULL = "full"
    REVOKED = "revoked"


def trouble_with(replica: Replica, certificate: Record) -> Trouble | None:
    """Return why the person of this certificate cannot be connected; None if they can."""
    person = certificate.header.author
    if person == replica.me:
        return Trouble.OWN
    if policy.blocks(replica, person):
        return Trouble.BLOCKED
    if not policy.has_room_to_vouch(replica, person):
        return Trouble.FULL
    return Trouble.REVOKED if replica.trust_state.revoked(person, certificate.header.device) else None


def acquaint(replica: Replica, certificate: Record, name: str, weight: int) -> None:
    """Vouch with `weight` for a person with whom there is no trouble, and keep their certificate."""
    with replica.transaction():
        give(replica, certificate.header.author, weight, name)
        replica.ingest.receive([certificate])
