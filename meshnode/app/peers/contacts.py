"""How this node and others find and call each other: the psks it answers to, and the keys it calls people with.

Four kinds of psk, by what is known of each other: a card's secret for a first meeting, a device code's for a machine
that is to become a device of ours, a key worked out of both static keys between people who vouch directly and between
devices of one person (it survives rotation and long absence), and the presence key of the callee for everybody else in
the web. Nobody who is at odds with us, by a block in either direction, has a place here; and a device that was struck
answers and calls nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from meshnode.replica.replica import Replica
from meshnode.replica.revocation import is_self_revoked, revocation_of
from meshnode.store import IssuedCard
from protocol import DeviceId, PersonId, RemoteError, limits
from protocol.tokens import Card
from protocol.wire import Psk, PskCandidate, card_psk, contact_psk, device_psk, presence_psk

VOUCHERS_SOUGHT = 1000  # of those whom I do not vouch for in return: anybody can make up people who vouch for me
CO_MEMBERS_SOUGHT = 256  # likewise: a community can be filled with people who do not exist
CONTACT_PSKS_CACHED = 4096  # one Diffie-Hellman each; a caller must not make us work them out anew


@dataclass(frozen=True, slots=True)
class PskName:
    """What a caller showed that he knows: our presence key, a card or device code of ours (by its id), or that he is a
    contact."""

    card: bytes | None = None
    contact: PersonId | None = None
    code: bytes | None = None


@dataclass(frozen=True, slots=True)
class Dial:
    """Whom to call and with which keys. `card` is the id of the card whose secret opens the door, if one does."""

    person: PersonId
    device: DeviceId
    dh_public: bytes
    psk: Psk
    card: bytes | None = None


@dataclass(frozen=True, slots=True)
class Sought:
    """Somebody to be in touch with: how many devices of his are known, and where he was met, the latest first.

    `claims` says that a card of his waits to be presented.
    """

    person: PersonId
    devices: int
    addresses: tuple[tuple[str, int], ...]
    claims: bool


@dataclass(frozen=True, slots=True)
class Announced:
    """The keys that go into an announcement: our presence key, and the secrets of device codes and cards.

    `expecting` says that a device code is open: somebody stands before the other machine and waits to hear us.
    """

    presence_key: bytes
    card_secrets: tuple[bytes, ...]
    expecting: bool = False


def psk_candidates(replica: Replica) -> list[PskCandidate[PskName]]:
    """The psks that a caller may show, likeliest first. Spent cards stay until they expire: their users may return."""
    candidates: list[PskCandidate[PskName]] = []
    if is_self_revoked(replica):
        return candidates
    own = replica.trust_state.profile(replica.me)
    if own is not None:
        candidates.append(PskCandidate(PskName(), presence_psk(own.presence_key)))
    candidates.extend(PskCandidate(PskName(card=card.id), card_psk(card.secret)) for card in _open_cards(replica))
    codes = replica.store.devices.codes(replica.clock.now())
    candidates.extend(PskCandidate(PskName(code=code.id), device_psk(code.secret)) for code in codes)
    for person in direct_contacts(replica):
        for _, dh_public in _devices(replica, person):
            psk = _contact_psk(replica.keys.dh_private, dh_public)
            if psk is not None:
                candidates.append(PskCandidate(PskName(contact=person), psk))
    candidates.extend(PskCandidate(PskName(contact=replica.me), psk) for psk in _psks_of_struck(replica))
    return candidates


def dial_keys(replica: Replica, person: PersonId) -> list[Dial]:
    """The ways to call `person`, the likeliest to be answered first; empty if there is none."""
    if replica.trust_state.graph.blocked_either_way(replica.me, person) or is_self_revoked(replica):
        return []
    dials = [_card_dial(card) for card in _pending_cards(replica).get(person, [])]
    presence = _presence_key(replica, person)
    vouched = _vouched(replica, person)
    for device, dh_public in _devices(replica, person):
        contact = _contact_psk(replica.keys.dh_private, dh_public) if vouched or person == replica.me else None
        if contact is not None:
            dials.append(Dial(person, device, dh_public, contact))
        if presence is not None:
            dials.append(Dial(person, device, dh_public, presence_psk(presence)))
    return dials


def direct_contacts(replica: Replica) -> list[PersonId]:
    """The people I vouch for and am not at odds with, in a fixed order; my own other devices come with them."""
    graph = replica.trust_state.graph
    vouched = [person for person in graph.vouched_by(replica.me) if not graph.blocked_either_way(replica.me, person)]
    return [*sorted(vouched), replica.me]


def sought(replica: Replica) -> list[Sought]:
    """Whom to be in touch with wherever they are: contacts who vouch either way, givers of cards not yet met, and whoever
    shares a group with us."""
    graph = replica.trust_state.graph
    cards = _pending_cards(replica)
    vouchers = graph.vouchers_of(replica.me)[:VOUCHERS_SOUGHT]
    co_members = sorted(replica.trust_state.groups.co_members(replica.me))[:CO_MEMBERS_SOUGHT]
    people = dict.fromkeys([*direct_contacts(replica), *cards, *salvaged(replica), *vouchers, *co_members])
    found = []
    for person in people:
        devices = _devices(replica, person)
        if devices and not graph.blocked_either_way(replica.me, person):
            met_at = [(address.host, address.port) for address in replica.store.people.addresses(person)]
            told = [address for card in cards.get(person, ()) for address in card.addresses]
            found.append(Sought(person, len(devices), tuple(dict.fromkeys([*met_at, *told])), person in cards))
    return found


def salvaged(replica: Replica) -> list[PersonId]:
    """After a store was lost: those whose keys were salvaged from it. They know whom we vouch for; then this is over."""
    return [] if replica.trust_state.graph.vouched_by(replica.me) else replica.store.people.kept()


def met(replica: Replica, person: PersonId, device: DeviceId, address: tuple[str, int] | None) -> None:
    """A session with this device stands; `address` is where it was dialed, None if it dialed us."""
    if address is not None:
        replica.store.people.remember(person, device, *address, replica.clock.now())
    if person == replica.me:
        replica.store.devices.saw(device, replica.clock.now())
    if _vouched(replica, person) or person == replica.me:
        keep_keys(replica, person)


def lost(replica: Replica, person: PersonId, device: DeviceId) -> None:
    """The session with this device is over."""
    if person == replica.me:
        replica.store.devices.saw(device, replica.clock.now())


def keep_keys(replica: Replica, person: PersonId) -> None:
    """Keep what it takes to call `person` past the expiry of his records: two nodes may be apart for a winter."""
    profile = replica.trust_state.profile(person)
    presence = profile.presence_key if profile is not None else None
    kept = {keys.device: keys for keys in replica.store.people.keys(person)}
    for certificate in replica.trust_state.devices(person):
        if certificate.device == replica.device:
            continue
        known = kept.get(certificate.device)
        if known is None or known.dh_public != certificate.dh_public or presence not in (None, known.presence_key):
            replica.store.people.remember_keys(person, certificate.device, certificate.dh_public, presence)


def announced(replica: Replica) -> Announced | None:
    """What to announce with; None before there is a profile, and for a device that was struck.

    A device code, which is used within minutes, goes ahead of cards, and cards with uses left ahead of spent ones.
    """
    profile = replica.trust_state.profile(replica.me)
    if profile is None or is_self_revoked(replica):
        return None
    codes = [code.secret for code in replica.store.devices.codes(replica.clock.now()) if code.used_by is None]
    cards = _open_cards(replica)
    cards.sort(key=lambda card: (card.spent, -card.expires))
    secrets = [*codes, *(card.secret for card in cards)]
    return Announced(profile.presence_key, tuple(secrets[: limits.ANNOUNCED_TAGS - 1]), expecting=bool(codes))


def presence_candidates(replica: Replica) -> list[tuple[PersonId, bytes]]:
    """Whose announcements to recognize and by which key (32 bytes): contacts, givers of cards, then the web."""
    trust_state = replica.trust_state
    direct = [*direct_contacts(replica), *trust_state.graph.vouchers_of(replica.me)]
    cards = [(person, card.secret) for person, cards in _pending_cards(replica).items() for card in cards]
    web = sorted(
        {
            *trust_state.reach_to(replica.me),
            *trust_state.regard_from(replica.me),
            *trust_state.groups.co_members(replica.me),
        }
    )
    found: dict[tuple[PersonId, bytes], None] = {}
    for known in (_with_presence(replica, direct), cards, _with_presence(replica, web)):
        found |= dict.fromkeys(known)
    kept = [(person, key) for person, key in found if not trust_state.graph.blocked_either_way(replica.me, person)]
    return kept[: limits.RECOGNITION_CANDIDATES_MAX]


def _with_presence(replica: Replica, people: list[PersonId]) -> list[tuple[PersonId, bytes]]:
    known = ((person, _presence_key(replica, person)) for person in people)
    return [(person, key) for person, key in known if key is not None]


def _presence_key(replica: Replica, person: PersonId) -> bytes | None:
    """By which to recognize and call him: as his profile says, else as kept from before a long absence."""
    profile = replica.trust_state.profile(person)
    if profile is not None:
        return profile.presence_key
    kept = [keys.presence_key for keys in replica.store.people.keys(person) if keys.presence_key is not None]
    return kept[-1] if kept else None


def _vouched(replica: Replica, person: PersonId) -> bool:
    graph = replica.trust_state.graph
    return graph.weight(replica.me, person) > 0 or graph.weight(person, replica.me) > 0


def _open_cards(replica: Replica) -> list[IssuedCard]:
    """The cards of ours that open the door to anybody: to those blocked since, a spent one must not."""
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
    """Devices of `person` with their handshake keys: certified ones, else those kept from before a long absence."""
    others = (known for known in replica.trust_state.devices(person) if known.device != replica.device)
    certified = [(known.device, known.dh_public) for known in others]
    found = certified or [(kept.device, kept.dh_public) for kept in replica.store.people.keys(person)]
    revoked = replica.trust_state.revoked_devices(person)
    return [(device, dh_public) for device, dh_public in found if device != replica.device and device not in revoked]


def _psks_of_struck(replica: Replica) -> list[Psk]:
    """By which own devices that were struck lately may still call: to be told so, and nothing else."""
    since = replica.clock.now() - limits.LEAVERS_GRACE
    found = []
    for device in replica.trust_state.revoked_devices(replica.me):
        strike, keys = revocation_of(replica, replica.me, device), replica.trust_state.certificate(replica.me, device)
        if strike is not None and keys is not None and strike.header.created > since:
            found.append(_contact_psk(replica.keys.dh_private, keys.dh_public))
    return [psk for psk in found if psk is not None]


def _card_dial(card: Card) -> Dial:
    return Dial(card.giver, card.certificate.header.device, card.dh_public, card_psk(card.secret), card.id)


@lru_cache(maxsize=CONTACT_PSKS_CACHED)
def _contact_psk(dh_private: bytes, dh_public: bytes) -> Psk | None:
    try:
        return contact_psk(dh_private, dh_public)
    except RemoteError:
        return None  # a certificate with a worthless key harms only whom it belongs to
