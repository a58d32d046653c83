"""Cards: making one to hand over, and adding one that somebody handed over.

A card is checked for every reason it could fail before anything is written, and each reason has its own words. That it
was used by somebody else cannot be known here: its giver's node says so when the two meet.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from meshnode.app.naming import PersonRef, reference
from meshnode.app.owner import policy
from meshnode.app.people import spent_cards
from meshnode.app.people.people import NO_ROOM_TO_VOUCH, check_vouch, give, per_mille
from meshnode.errors import Failed, Refused, Usage
from meshnode.replica.replica import Replica
from protocol import Code, Kind, RemoteError, device_slot, limits
from protocol.tokens import Card

DEFAULT_TRUST = 0.8


@dataclass(frozen=True, slots=True)
class CardOrder:
    """What a new card is to be: for how many people, for how long (seconds), and what vouch it gives them."""

    uses: int = 1
    trust: float = DEFAULT_TRUST
    expires_in: int = limits.CARD_LIFE


@dataclass(frozen=True, slots=True)
class CardView:
    """A card to hand over: whoever adds its text first (`uses` people in all) is connected with you."""

    text: str
    uses: int
    trust: float
    expires: int
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CardToAdd:
    """Somebody's card, or the name or id of somebody to whom you were introduced; and what vouch to give him.

    Without `trust` it is 0.8, or whatever you said of him before.
    """

    card: str
    trust: float | None = None


@dataclass(frozen=True, slots=True)
class AddedView:
    """What came of adding a card: whose it was, the vouch given, and whether you are connected already.

    `pending` says that his vouch for you still waits for your nodes to meet; `again` that the card was added before.
    """

    person: PersonRef
    trust: float
    met: bool
    pending: bool
    again: bool


def make(replica: Replica, order: CardOrder, addresses: Sequence[tuple[str, int]]) -> CardView:
    """Make a card and remember its secret."""
    weight = per_mille(order.trust)
    if not 1 <= order.uses <= limits.CARD_USES_MAX:
        raise Usage(f"a card is for 1 to {limits.CARD_USES_MAX} people")
    if not limits.MINUTE <= order.expires_in <= limits.CARD_LIFE_MAX:
        raise Usage(f"a card lives from a minute to {limits.CARD_LIFE_MAX // 86_400} days")
    now = replica.clock.now()
    open_cards = [card for card in replica.store.cards.issued_live(now) if not card.spent]
    if len(open_cards) >= limits.LIVE_CARDS_MAX:
        raise Refused(f"{limits.LIVE_CARDS_MAX} cards of yours are open already", "wait until one is used or expires")
    if not policy.has_room_to_vouch(replica):
        raise Refused(NO_ROOM_TO_VOUCH, "'meshnode unvouch NAME' makes room for the user of a card")
    certificate = replica.store.records.used((replica.me, Kind.DEVICE, device_slot(replica.device)))
    profile = replica.trust_state.profile(replica.me)
    if certificate is None or profile is None:
        raise Failed("this node has no certificate or name yet", "'meshnode doctor' says what is missing")
    card = Card(
        giver=replica.me,
        name=profile.name,
        certificate=certificate,
        secret=replica.entropy(limits.CARD_SECRET_BYTES),
        addresses=tuple(addresses[: limits.CARD_ADDRESSES_MAX]),
        expires=now + order.expires_in,
        weight=weight,
        uses=order.uses,
    )
    replica.store.cards.add_issued(card.id, card.secret, weight=card.weight, uses=card.uses, expires=card.expires)
    return CardView(
        text=card.to_text(),
        uses=card.uses,
        trust=card.weight / limits.WEIGHT_MAX,
        expires=card.expires,
        addresses=tuple(written(host, port) for host, port in card.addresses),
    )


def add(replica: Replica, given: CardToAdd, connected: Collection[bytes]) -> AddedView:
    """Vouch for a card's giver at once, and keep the card until the two nodes have met."""
    weight = None if given.trust is None else per_mille(given.trust)
    card = _read(given.card)
    now = replica.clock.now()
    if card.giver == replica.me:
        raise Refused("this is your own card", "give it to somebody else; it is for them to add")
    if card.expires <= now and replica.clock.trusted:
        raise Refused("this card has expired", f"ask {card.name} for a new one")
    if policy.blocks(replica, card.giver):
        raise Refused(f"you block {card.name}", "'meshnode unblock NAME' comes first")
    check_vouch(replica, card.giver)
    spent_cards.forget(replica, card.giver)
    again = any(taken.id == card.id for taken in replica.store.cards.taken_pending(now))
    before = policy.weight(replica, card.giver)
    answered = before > 0 and replica.trust_state.graph.weight(card.giver, replica.me) > 0
    if weight is None:
        weight = before or per_mille(DEFAULT_TRUST)
    faults = replica.ingest.receive([card.certificate]).faults
    if faults:
        raise Refused("this card's certificate is no longer good", f"ask {card.name} for a new one")
    give(replica, card.giver, weight, card.name)
    if not answered and not again:
        replica.store.cards.add_taken(card, now)
    return AddedView(
        person=PersonRef(reference(replica, card.giver).id, card.name),
        trust=weight / limits.WEIGHT_MAX,
        met=card.giver in connected,
        pending=not answered,
        again=again or answered,
    )


def written(host: str, port: int) -> str:
    """An address as people write it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _read(text: str) -> Card:
    try:
        return Card.parse(text)
    except RemoteError as error:
        if error.code is Code.CARD_CHECKSUM:
            raise Usage("this card's text was damaged on its way", "copy all of it once more") from error
        if error.code is Code.VERSION:
            raise Usage("this card was made by a newer meshnode", "update yours") from error
        raise Usage(
            "this is no card", "a card is the text that 'meshnode card' prints; it begins with mesh1"
        ) from error
