"""How this node and others find and call each other: the psks it answers to, and the keys it calls people with.

Three kinds of psk, by what is known of each other: a card's secret for a first meeting, a key worked out of both
static keys between people who vouch directly (it survives rotation and long absence), and the presence key of the
callee for everybody else in the web.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from meshnode.app.replica import Replica
from protocol import (
    Card,
    DeviceId,
    PersonId,
    Psk,
    PskCandidate,
    RemoteError,
    card_psk,
    contact_psk,
    presence_psk,
)

CONTACT_PSKS_CACHED = 4096  # one Diffie-Hellman each; a caller must not make us work them out anew


@dataclass(frozen=True, slots=True)
class PskName:
    """What a caller showed that he knows: our presence key, a card of ours (by its id), or that he is a contact."""

    card: bytes | None = None
    contact: PersonId | None = None


@dataclass(frozen=True, slots=True)
class Dial:
    """Whom to call and with which keys. `card` is the id of the card whose secret opens the door, if one does."""

    person: PersonId
    device: DeviceId
    dh_public: bytes
    psk: Psk
    card: bytes | None = None


def psk_candidates(replica: Replica) -> list[PskCandidate[PskName]]:
    """The psks that a caller may show, likeliest first. Spent cards stay until they expire: their users may return."""
    circle, now = replica.circle, replica.clock.now()
    candidates = []
    own = circle.profile(replica.me)
    if own is not None:
        candidates.append(PskCandidate(PskName(), presence_psk(own.presence_key)))
    for card in replica.store.cards.issued_live(now):
        candidates.append(PskCandidate(PskName(card=card.id), card_psk(card.secret)))
    for person in direct_contacts(replica):
        for _, dh_public in _devices(replica, person):
            psk = _contact_psk(replica.keys.dh_private, dh_public)
            if psk is not None:
                candidates.append(PskCandidate(PskName(contact=person), psk))
    return candidates


def dial_keys(replica: Replica, person: PersonId) -> list[Dial]:
    """The ways to call `person`, the likeliest to be answered first; empty if there is none."""
    dials = [
        _card_dial(taken.card)
        for taken in replica.store.cards.taken_pending(replica.clock.now())
        if taken.card.giver == person
    ]
    profile = replica.circle.profile(person)
    vouched = replica.circle.graph.weight(replica.me, person) > 0 or replica.circle.graph.weight(person, replica.me) > 0
    for device, dh_public in _devices(replica, person):
        contact = _contact_psk(replica.keys.dh_private, dh_public) if vouched or person == replica.me else None
        if contact is not None:
            dials.append(Dial(person, device, dh_public, contact))
        if profile is not None:
            dials.append(Dial(person, device, dh_public, presence_psk(profile.presence_key)))
    return dials


def direct_contacts(replica: Replica) -> list[PersonId]:
    """The people I vouch for and do not block, in a fixed order; my own other devices come with them."""
    graph = replica.circle.graph
    vouched = [person for person in graph.vouched_by(replica.me) if not graph.blocks(replica.me, person)]
    return [*sorted(vouched), replica.me]


def presence_candidates(replica: Replica) -> list[tuple[PersonId, bytes]]:
    """Whose announcements to recognise and by which key (32 bytes), direct contacts first, then the web."""
    circle = replica.circle
    direct = direct_contacts(replica)
    web = {*circle.reach_to(replica.me), *circle.regard_from(replica.me)}
    people = [*direct, *sorted(web - set(direct))]
    known = ((person, circle.profile(person)) for person in people)
    return [(person, profile.presence_key) for person, profile in known if profile is not None]


def card_candidates(replica: Replica) -> list[tuple[PersonId, bytes]]:
    """Whose announcements to recognise by a card of theirs that was added here and waits for the meeting."""
    pending = replica.store.cards.taken_pending(replica.clock.now())
    return [(taken.card.giver, taken.card.secret) for taken in pending]


def _devices(replica: Replica, person: PersonId) -> list[tuple[DeviceId, bytes]]:
    """Devices of `person` with their handshake keys: certified ones, else those kept from before a long absence."""
    certified = [(known.device, known.dh_public) for known in replica.circle.devices(person)]
    found = certified or [(kept.device, kept.dh_public) for kept in replica.store.people.keys(person)]
    return [(device, dh_public) for device, dh_public in found if device != replica.device]


def _card_dial(card: Card) -> Dial:
    return Dial(card.giver, card.certificate.header.device, card.dh_public, card_psk(card.secret), card.id)


@lru_cache(maxsize=CONTACT_PSKS_CACHED)
def _contact_psk(dh_private: bytes, dh_public: bytes) -> Psk | None:
    try:
        return contact_psk(dh_private, dh_public)
    except RemoteError:
        return None  # a certificate with a worthless key harms only whom it belongs to
