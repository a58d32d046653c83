"""Vouches for a person who was met by a word code, and says to them who the owner is."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import partial

from meshnode.app.owner import policy
from meshnode.app.people.cards import DEFAULT_TRUST
from meshnode.app.people.people import give, per_mille
from meshnode.errors import Failed
from meshnode.replica.replica import Replica
from protocol import Kind, Record, device_slot
from protocol.wire import MeetPerson, meet_person

Introduce = Callable[[bytes], MeetPerson]
"""Says who the owner is, on the channel with this handshake hash."""


def introducer(replica: Replica) -> Introduce:
    """Return how to say who the owner is; it touches no store. Raises Failed before the node has a profile."""
    certificate = replica.store.records.current((replica.me, Kind.DEVICE, device_slot(replica.device)))
    profile = replica.trust_state.profile(replica.me)
    if certificate is None or profile is None:
        raise Failed("this node has no certificate or name yet", "'meshnode doctor' shows what is missing")
    return partial(meet_person, replica.keys, certificate, profile.name)


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


def acquaint(replica: Replica, certificate: Record, name: str, weight: int | None) -> int:
    """Vouch for a person with whom there is no trouble, and keep their certificate. Returns the vouch, per mille.

    Without `weight` an earlier vouch stays, and a new one is of 0.8.
    """
    person = certificate.header.author
    if weight is None:
        weight = policy.weight(replica, person) or per_mille(DEFAULT_TRUST)
    with replica.transaction():
        give(replica, person, weight, name)
        replica.ingest.receive([certificate])
    return weight
