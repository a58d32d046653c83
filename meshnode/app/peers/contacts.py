"""Decides with whom this node talks, and how both sides find and recognize each other.

A psk is a key that the caller must know before this node answers at all. There are four kinds, by what the two know of
each other: the secret of a card, for a first meeting; the secret of a device code, for a machine that is to become a
device of the owner; a key computed from both static keys, between people who vouch directly, between those who have an open exchange and
between the devices of one person (it survives a rotation of the presence key and a long absence); and the presence key of the one who is
called, for everybody else in the web. Nobody who is blocked either way gets a psk here, and a device of the owner that
was revoked answers and calls nobody.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple
from weakref import WeakKeyDictionary

from msgspec import Struct

from meshnode.app.groups import membership
from meshnode.app.meetings import shown
from meshnode.app.peers.accounts import shared_out
from meshnode.replica.replica import Replica
from meshnode.replica.revocation import is_self_revoked, revocation_of
from meshnode.replica.trust_state import TrustState
from meshnode.store import IssuedCard
from protocol import Device, DeviceId, PersonId, Record, RemoteError, body_of, limits
from protocol.tokens import Card
from protocol.wire import (
    Psk,
    PskCandidate,
    card_psk,
    contact_psk,
    device_psk,
    meeting_candidate,
    meeting_secret,
    presence_psk,
)

VOUCHERS_DIALED = 1000  # whom the owner does not vouch for: anybody can create Sybils who vouch for the owner
CO_MEMBERS_DIALED = 256  # likewise: a community can be filled with Sybils
STRANGERS_KNOWN = 256  # for whom nobody answers, to be recognized and dialed: anybody can be many of them
CONTACT_PSKS_CACHED = 4096  # one Diffie-Hellman each; a caller must not make this node compute them again


class PskName(Struct, frozen=True):
    """The name of the psk that a caller has shown; with all fields None, the presence key.

    Else it is one of our cards or device codes, by its id, the key of a contact, or the number of the word code that is
    shown, which proves nothing.
    """

    card: bytes | None = None
    contact: PersonId | None = None
    code: bytes | None = None
    meeting: int | None = None


class Dial(Struct, frozen=True):
    """A device to call, and the keys to call it with. `card` is the id of the card whose secret is the psk, if one is."""

    person: PersonId
    device: DeviceId
    dh_public: bytes
    psk: Psk
    card: bytes | None = None


class ContactTarget(Struct, frozen=True):
    """A person to stay in touch with: how many of their devices are known, and their addresses, the latest first.

    `claims` says that a card of theirs waits to be presented; `on_cards` are those addresses that only cards name.
    """

    person: PersonId
    devices: int
    addresses: tuple[tuple[str, int], ...]
    claims: bool
    on_cards: frozenset[tuple[str, int]] = frozenset()


class Announced(Struct, frozen=True):
    """The keys that go into an announcement: our presence key, and the secrets of codes and cards.

    The number of the word code that is shown is among them, as 32 bytes that everybody can compute.

    `expecting` says that a device code or a word code is open, so a person waits at the other machine for this node to
    announce itself.
    """

    presence_key: bytes
    card_secrets: tuple[bytes, ...]
    expecting: bool = False


def psk_candidates(replica: Replica) -> list[PskCandidate[PskName]]:
    """Return the psks that a caller may show, likeliest first.

    Used-up cards count until they expire, since their users may return.
    """
    candidates: list[PskCandidate[PskName]] = []
    if is_self_revoked(replica):
        return candidates
    own = replica.trust_state.profile(replica.me)
    if own is not None:
        candidates.append(PskCandidate(PskName(), presence_psk(own.presence_key)))
    candidates.extend(PskCandidate(PskName(card=card.id), card_psk(card.secret)) for card in _open_cards(replica))
    meeting = shown.open_code(replica)
    candidates.extend([meeting_candidate(meeting.number, PskName(meeting=meeting.number))] if meeting else [])
    codes = replica.store.devices.codes(replica.clock.now())
    candidates.extend(PskCandidate(PskName(code=code.id), device_psk(code.secret)) for code in codes)
    for person in [*direct_contacts(replica), *_counterparts(replica)]:
        for _, dh_public in _devices(replica, person):
            psk = _contact_psk(replica.keys.dh_private, dh_public)
            if psk is not None:
                candidates.append(PskCandidate(PskName(contact=person), psk))
    of_copy = _contact_psk(replica.keys.dh_private, replica.keys.dh_public)
    candidates.extend([PskCandidate(PskName(contact=replica.me), of_copy)] if of_copy is not None else [])
    candidates.extend(PskCandidate(PskName(contact=replica.me), psk) for psk in _psks_of_revoked(replica))
    return candidates


def dial_keys(replica: Replica, person: PersonId) -> list[Dial]:
    """Return the ways to call `person`, the likeliest to be answered first; empty if there is none."""
    if replica.trust_state.graph.blocked_either_way(replica.me, person) or is_self_revoked(replica):
        return []
    dials = [_card_dial(card) for card in _pending_cards(replica).get(person, [])]
    presence = _presence_key(replica, person)
    known = _vouched(replica, person) or person in replica.trust_state.counterparts or person == replica.me
    for device, dh_public in _devices(replica, person):
        contact = _contact_psk(replica.keys.dh_private, dh_public) if known else None
        if contact is not None:
            dials.append(Dial(person, device, dh_public, contact))
        if presence is not None:
            dials.append(Dial(person, device, dh_public, presence_psk(presence)))
    if person == replica.me:
        # A node of the owner that is heard and is none of the other devices: a copy of this one may run there.
        psk = _contact_psk(replica.keys.dh_private, replica.keys.dh_public)
        dials += [Dial(person, replica.device, replica.keys.dh_public, psk)] if psk is not None else []
    return dials


def direct_contacts(replica: Replica) -> list[PersonId]:
    """Return the people whom the owner vouches for, in a fixed order, and last the owner, for their other devices.

    People blocked either way are left out.
    """
    graph = replica.trust_state.graph
    vouched = [person for person in graph.vouched_by(replica.me) if not graph.blocked_either_way(replica.me, person)]
    return [*sorted(vouched), replica.me]


def _counterparts(replica: Replica) -> list[PersonId]:
    """Return the other people with whom the owner has an open exchange, in a fixed order."""
    graph, direct = replica.trust_state.graph, replica.trust_state.graph.vouched_by(replica.me)
    others = (person for person in replica.trust_state.counterparts if person not in direct)
    return sorted(person for person in others if not graph.blocked_either_way(replica.me, person))


def admits(replica: Replica, person: PersonId, shown: frozenset[bytes]) -> bool:
    """Whether this node exchanges records with `person`, who has shown joins in the slots `shown`.

    It does with the people whom the owner vouches for, however little, with the web in either direction, and with
    people who share a group or have just proved that they do. These are the people who may see something of the owner,
    and those of whom the owner may see something. It does with people with whom an exchange is open, though they see
    nothing but the letters between the two. After the store was lost, the web is unknown; then old contacts are
    admitted, so that it comes back.
    """
    if person == replica.me:
        return True
    trust_state = replica.trust_state
    if trust_state.graph.blocked_either_way(replica.me, person):
        return False
    if trust_state.graph.weight(replica.me, person) > 0 or person in trust_state.counterparts:
        return True
    if person in trust_state.reach_to(replica.me) or replica.me in trust_state.reach_to(person):
        return True
    if person in trust_state.groups.co_members(replica.me) or membership.awaits_join(replica, person, shown):
        return True
    return person in salvaged(replica)


def contact_targets(replica: Replica) -> list[ContactTarget]:
    """Return the people to stay in touch with wherever they are.

    They are the people who vouch either way, the givers of cards not yet met, those with whom an exchange is open, and
    those who share a group with the owner.
    """
    graph = replica.trust_state.graph
    cards = _pending_cards(replica)
    web, strangers = _by_trust(replica)
    known = {*web, *strangers[:STRANGERS_KNOWN]}
    vouchers = shared_out(replica, (one for one in graph.vouchers_of(replica.me) if one in known), VOUCHERS_DIALED)
    members = replica.trust_state.groups.co_members(replica.me)
    co_members = shared_out(replica, (one for one in (*web, *strangers) if one in members), CO_MEMBERS_DIALED)
    counterparts = _counterparts(replica)
    people = dict.fromkeys(
        [*direct_contacts(replica), *cards, *counterparts, *salvaged(replica), *vouchers, *co_members]
    )
    found = []
    for person in people:
        devices = _devices(replica, person)
        if devices and not graph.blocked_either_way(replica.me, person):
            met_at = [(address.host, address.port) for address in replica.store.people.addresses(person)]
            on_cards = [address for card in cards.get(person, ()) for address in card.addresses]
            found.append(
                ContactTarget(
                    person,
                    len(devices),
                    tuple(dict.fromkeys([*met_at, *on_cards])),
                    claims=person in cards,
                    on_cards=frozenset(on_cards).difference(met_at),
                )
            )
    return found


def salvaged(replica: Replica) -> list[PersonId]:
    """Return the people whose keys were salvaged from a lost store; none once the owner's vouches are known again."""
    return [] if replica.trust_state.graph.vouched_by(replica.me) else replica.store.people.kept()


def note_session_started(replica: Replica, person: PersonId, device: DeviceId, address: tuple[str, int] | None) -> None:
    """Remember that a session with this device has begun; `address` is where it was dialed, None if it dialed us."""
    if address is not None:
        replica.store.people.remember(person, device, *address, replica.clock.now())
    if person == replica.me:
        replica.store.devices.saw(device, replica.clock.now())
    if _vouched(replica, person) or person == replica.me:
        keep_keys(replica, person)


def note_session_ended(replica: Replica, person: PersonId, device: DeviceId) -> None:
    """Remember that the session with this device has ended."""
    if person == replica.me:
        replica.store.devices.saw(device, replica.clock.now())


def keep_keys(replica: Replica, person: PersonId) -> None:
    """Keep the keys for calling `person` past the expiry of their records: two nodes may be apart for a winter."""
    profile = replica.trust_state.profile(person)
    presence = profile.presence_key if profile is not None else None
    kept = {keys.device: keys for keys in replica.store.people.keys(person)}
    for certificate in replica.trust_state.devices(person):
        if certificate.device == replica.device:
            continue
        known = kept.get(certificate.device)
        if known is None or known.dh_public != certificate.dh_public or presence not in (None, known.presence_key):
            replica.store.people.remember_keys(person, certificate.device, certificate.dh_public, presence)


def keep_keys_of(replica: Replica, certificate: Record) -> None:
    """Keep the keys in a certificate that was checked, whatever its date: its person can call by them later.

    By a wrong date here, what they show may have expired before they were ever met. Once they can call, they tell the time.
    """
    device = body_of(certificate)
    assert isinstance(device, Device), "of a certificate"
    replica.store.people.remember_keys(certificate.header.author, certificate.header.device, device.dh_public, None)


def announced(replica: Replica) -> Announced | None:
    """Return the keys to announce with; None before there is a profile, and on a revoked device.

    A device code, which is used within minutes, goes before cards, and cards with uses left before used-up ones. A used-up
    card is announced until everybody who used it was met without it: later nobody needs it, and anybody who has seen it
    could follow this node by it.
    """
    profile = replica.trust_state.profile(replica.me)
    if profile is None or is_self_revoked(replica):
        return None
    codes = [code.secret for code in replica.store.devices.codes(replica.clock.now()) if code.used_by is None]
    meeting = shown.open_code(replica)
    codes += [meeting_secret(meeting.number)] if meeting else []
    graph, me = replica.trust_state.graph, replica.me
    cards = [
        card
        for card in _open_cards(replica)
        if not card.spent or any(not graph.blocked_either_way(me, claimant) for claimant in card.unmet)
    ]
    cards.sort(key=lambda card: (card.spent, -card.expires))
    secrets = [*codes, *(card.secret for card in cards)]
    return Announced(profile.presence_key, tuple(secrets[: limits.ANNOUNCED_TAGS - 1]), expecting=bool(codes))


def presence_candidates(replica: Replica) -> list[tuple[PersonId, bytes]]:
    """Return whose announcements to recognize and by which key (32 bytes), the most important first.

    These are direct contacts and the owner's other devices, givers of cards, people with whom an exchange is open, the web
    by trust, and last a few strangers. There is room for so many keys; in the web it is shared out by introducer.
    """
    graph, room = replica.trust_state.graph, limits.RECOGNITION_CANDIDATES_MAX
    cards = [(person, card.secret) for person, cards in _pending_cards(replica).items() for card in cards]
    web, strangers = _by_trust(replica)
    found: dict[tuple[PersonId, bytes], None] = {}
    for known in (
        _with_presence(replica, direct_contacts(replica)),
        cards,
        _with_presence(replica, _counterparts(replica)),
        _with_presence(replica, shared_out(replica, web, room)),
        _with_presence(replica, strangers[:STRANGERS_KNOWN]),
    ):
        found |= dict.fromkeys(known)
    blocked = graph.all_blocked_either_way(replica.me)
    return [(one, key) for one, key in found if one not in blocked][:room]


def order_by_trust(replica: Replica) -> None:
    """Sort everybody by trust, as `presence_candidates` and `contact_targets` need it: a step of its own in a large web."""
    _by_trust(replica)


def _by_trust(replica: Replica) -> tuple[list[PersonId], list[PersonId]]:
    """Return the people of the web in either direction and of groups for whom somebody answers, and the strangers.

    The most trusted are first, and nothing that others say of the owner changes the order. Sybils can vouch for the owner
    without end, so nobody is more than a stranger by that alone.
    """
    trust_state = replica.trust_state
    lately = _by_trust_lately.get(trust_state)
    if lately is not None and lately.version == trust_state.version:
        return lately.web, lately.strangers
    regard, answered = trust_state.regard_from(replica.me), replica.introducers.all()
    known = {*trust_state.reach_to(replica.me), *regard, *trust_state.groups.co_members(replica.me)}
    ordered = sorted(known - {replica.me}, key=lambda person: (regard.get(person, math.inf), person))
    web, strangers = [one for one in ordered if one in answered], [one for one in ordered if one not in answered]
    _by_trust_lately[trust_state] = _ByTrust(trust_state.version, web, strangers)
    return web, strangers


class _ByTrust(NamedTuple):
    """The result of `_by_trust` at this version of the trust state."""

    version: int
    web: list[PersonId]
    strangers: list[PersonId]


_by_trust_lately: WeakKeyDictionary[TrustState, _ByTrust] = WeakKeyDictionary()


def _with_presence(replica: Replica, people: list[PersonId]) -> list[tuple[PersonId, bytes]]:
    known = ((person, _presence_key(replica, person)) for person in people)
    return [(person, key) for person, key in known if key is not None]


def _presence_key(replica: Replica, person: PersonId) -> bytes | None:
    """Return the presence key of `person`, from their profile or as kept from before a long absence."""
    profile = replica.trust_state.profile(person)
    if profile is not None:
        return profile.presence_key
    kept = [keys.presence_key for keys in replica.store.people.keys(person) if keys.presence_key is not None]
    return kept[-1] if kept else None


def _vouched(replica: Replica, person: PersonId) -> bool:
    graph = replica.trust_state.graph
    return graph.weight(replica.me, person) > 0 or graph.weight(person, replica.me) > 0


def _open_cards(replica: Replica) -> list[IssuedCard]:
    """Return the owner's cards that still admit anybody.

    A used-up card does not admit a person who has been blocked since.
    """
    graph, me = replica.trust_state.graph, replica.me
    return [
        card
        for card in replica.store.cards.issued_live(replica.clock.now())
        if not card.spent or any(not graph.blocked_either_way(me, claimant) for claimant in card.claimants)
    ]


def _pending_cards(replica: Replica) -> dict[PersonId, list[Card]]:
    cards: dict[PersonId, list[Card]] = {}
    for taken in replica.store.cards.taken_pending(replica.clock.now()):
        cards.setdefault(taken.card.giver, []).append(taken.card)
    return cards


def _devices(replica: Replica, person: PersonId) -> list[tuple[DeviceId, bytes]]:
    """Return the devices of `person` with their handshake keys.

    They are the certified ones, else those kept from before a long absence, else those whose certificates have ended by
    the date here: it may be the wrong one, and is learned from them.
    """
    others = (known for known in replica.trust_state.devices(person) if known.device != replica.device)
    certified = [(known.device, known.dh_public) for known in others]
    kept = [(keys.device, keys.dh_public) for keys in replica.store.people.keys(person)]
    past = [(known.device, known.dh_public) for known in replica.trust_state.past_devices(person)]
    found = certified or kept or past
    revoked = replica.trust_state.revoked_devices(person)
    return [(device, dh_public) for device, dh_public in found if device != replica.device and device not in revoked]


def _psks_of_revoked(replica: Replica) -> list[Psk]:
    """Return the psks with which lately revoked devices of the owner may still call.

    They are only told that they are revoked.
    """
    since = replica.clock.now() - limits.FORMER_WEB_GRACE
    found = []
    for device in replica.trust_state.revoked_devices(replica.me):
        revocation = revocation_of(replica, replica.me, device)
        keys = replica.trust_state.certificate(replica.me, device)
        if revocation is not None and keys is not None and revocation.header.created > since:
            found.append(_contact_psk(replica.keys.dh_private, keys.dh_public))
    return [psk for psk in found if psk is not None]


def _card_dial(card: Card) -> Dial:
    return Dial(card.giver, card.certificate.header.device, card.dh_public, card_psk(card.secret), card.id)


@lru_cache(maxsize=CONTACT_PSKS_CACHED)
def _contact_psk(dh_private: bytes, dh_public: bytes) -> Psk | None:
    try:
        return contact_psk(dh_private, dh_public)
    except RemoteError:
        return None  # a certificate with a low-order key harms only its owner
