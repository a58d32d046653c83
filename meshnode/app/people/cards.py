"""Makes cards to hand over, adds the cards of others, and redeems a card when the two nodes meet.

Adding a card first checks everything that could be wrong with it, and each fault has its own error; only then is
anything written. Whether somebody else has used the card already is known only to its giver's node, which says so when
the two nodes meet.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Sequence
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from meshnode.app import date
from meshnode.app.groups import card_invitations
from meshnode.app.groups.card_invitations import CardGroup
from meshnode.app.naming import PersonRef, called, reference
from meshnode.app.owner import policy
from meshnode.app.people import guests
from meshnode.app.people.people import (
    DEFAULT_TRUST,
    check_vouch,
    give,
    no_room,
    pending_cards,
    per_mille,
    weight_for,
    who_we_are,
)
from meshnode.errors import Field, Refused, Usage
from meshnode.quoting import named
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica
from meshnode.store import ClaimResult
from protocol import Code, PersonId, RemoteError, limits, parse_person, person_text
from protocol.tokens import Card

log = logging.getLogger(__name__)

WAIT_SECONDS_MAX = 10.0  # for the giver of a card to be met: the answer comes so much later at most
SPENT_KEPT = 8  # names of givers whose cards came too late: the owner needs the latest, not a history
_SPENT = "used cards"  # their key among the small values of the store


class CardOrder(Struct, frozen=True):
    """A card to make: for how many people, for how long (seconds), and which vouch it gives them.

    Everybody who uses it is invited to the `groups` of the owner's that are named here, by name or id.
    """

    uses: int = 1
    trust: float = DEFAULT_TRUST
    expires_in: int = limits.CARD_LIFE
    groups: tuple[str, ...] = ()


class CardView(Struct, frozen=True):
    """A card to hand over: the first people who add its text (`uses` of them) are connected with you.

    They are invited to `groups`, which the card itself does not name. `warning` says in words why it may not work.
    """

    text: str
    uses: int
    trust: float
    expires: int
    addresses: tuple[str, ...]
    groups: tuple[CardGroup, ...] = ()
    warning: str | None = None


class CardToAdd(Struct, frozen=True):
    """The card of a person, or the name or id of a person to whom you were introduced, and the vouch to give them.

    Without `trust` the vouch is 0.8, or the one that you give them already. `wait` says for how many seconds, at most 10,
    to wait for the giver of a card to be met.
    """

    card: str
    trust: float | None = None
    wait: float = 0.0


class AddedState(Enum):
    """How far the connection with an added person has come."""

    CONNECTED = "connected"
    ON_ITS_WAY = "on_its_way"
    NOT_MET = "not_met"
    TAKEN_BACK = "taken_back"
    USED = "used"
    AWAITED = "awaited"


class AddedView(Struct, frozen=True):
    """A card that was added: its giver, the vouch for them, and whether your nodes are connected now (`met`).

    `pending` says that the giver's vouch for you waits until your nodes meet; `again` that the card was added before.
    `state` is `connected` once you vouch for each other, `on_its_way` while the nodes are connected and the vouch is
    coming, `not_met` while they are not, `taken_back` if the giver no longer vouches for you since you used this card
    before, and `used` if somebody else has used it. `awaited` says that the guest named so, with a card of yours made for
    many, is let in when their node calls: the id of `person` is then what you typed, and may be the beginning of one.
    `warning` says in words why the card may not work any longer.
    """

    person: PersonRef
    trust: float
    met: bool
    pending: bool
    again: bool
    state: str
    warning: str | None = None


def make(replica: Replica, order: CardOrder, addresses: Sequence[tuple[str, int]]) -> CardView:
    """Make a card and remember its secret. `addresses` are where this node is reached.

    Raises Usage for numbers out of range, Refused while too many cards are open, Failed before the node has a profile,
    NotFound for a group that the owner is not in.
    """
    weight = per_mille(order.trust)
    groups = card_invitations.named(replica, order.groups)
    if not 1 <= order.uses <= limits.CARD_USES_MAX:
        raise Usage("a card can be for 1 to {most} people", field=Field.USES, most=limits.CARD_USES_MAX)
    if not limits.MINUTE <= order.expires_in <= limits.CARD_LIFE_MAX:
        raise Usage(
            "a card can work for 1 minute to {most} days", field=Field.EXPIRES_IN, most=limits.CARD_LIFE_MAX // 86400
        )
    now = replica.clock.now()
    open_cards = [card for card in replica.store.cards.issued_live(now) if not card.spent]
    if len(open_cards) >= limits.LIVE_CARDS_MAX:
        raise Refused(
            "you have {most} unused cards already", "wait until one is used or expires", most=limits.LIVE_CARDS_MAX
        )
    if not policy.has_room_to_vouch(replica):
        raise no_room()
    certificate, name = who_we_are(replica)
    card = Card(
        giver=replica.me,
        name=name,
        certificate=certificate,
        secret=replica.entropy(limits.CARD_SECRET_BYTES),
        addresses=tuple(addresses[: limits.CARD_ADDRESSES_MAX]),
        expires=now + order.expires_in,
        weight=weight,
        uses=order.uses,
    )
    replica.store.cards.add_issued(
        card.id,
        card.secret,
        weight=card.weight,
        uses=card.uses,
        expires=card.expires,
        groups=[group.id for group in groups],
    )
    return CardView(
        text=card.to_text(),
        uses=card.uses,
        trust=card.weight / limits.WEIGHT_MAX,
        expires=card.expires,
        addresses=tuple(written(host, port) for host, port in card.addresses),
        groups=tuple(map(card_invitations.view, groups)),
        warning=date.warning(replica, card.expires),
    )


def add(replica: Replica, given: CardToAdd, connected: Collection[bytes]) -> AddedView:
    """Vouch for the giver of a card at once, and keep the card until the two nodes have met.

    Raises Usage where the text is no card, Refused where the card is the owner's or is of a person whom the owner
    blocks. A card that has expired by this node's clock is tried all the same.
    """
    if given.trust is not None:
        per_mille(given.trust)
    card = _read(given.card)
    now = replica.clock.now()
    if card.giver == replica.me:
        raise Refused("this is your own card", "give it to somebody else, who then adds it")
    if policy.blocks(replica, card.giver):
        raise policy.blocked(card.name)
    check_vouch(replica, card.giver)
    _forget_spent(replica, card.giver)
    again = any(taken.id == card.id for taken in replica.store.cards.taken_pending(now))
    answered = policy.weight(replica, card.giver) > 0 and _vouches_back(replica, card.giver)
    weight = weight_for(replica, card.giver, given.trust)
    faults = replica.ingest.receive([card.certificate]).faults
    if faults:
        raise Refused("this card's certificate is no longer valid", "ask {name} for a new one", name=named(card.name))
    give(replica, card.giver, weight, card.name)
    if not answered and not again:
        replica.store.cards.add_taken(card, now)
    return AddedView(
        person=PersonRef(reference(replica, card.giver).id, called(replica, card.giver, card.name)),
        trust=weight / limits.WEIGHT_MAX,
        met=card.giver in connected,
        pending=not answered,
        again=again or answered,
        state=AddedState.CONNECTED.value if answered else AddedState.NOT_MET.value,
        warning=_why_late(card, now) if replica.clock.trusted and not answered else None,
    )


def follow(
    replica: Replica, added: AddedView, connected: Collection[PersonId], settled: Collection[PersonId]
) -> AddedView:
    """Return `added` as it is now, after the nodes may have met.

    `settled` are those of the `connected` people with whom the node has compared all that both hold.
    """
    if added.state == AddedState.AWAITED.value:
        return added
    giver = parse_person(added.person.id)
    waits = any(card.giver == giver for card in pending_cards(replica))
    if _vouches_back(replica, giver):
        state = AddedState.CONNECTED
    elif person_text(giver) in spent_elsewhere(replica):
        state = AddedState.USED
    elif giver not in connected:
        state = AddedState.NOT_MET
    else:
        state = AddedState.ON_ITS_WAY if waits or giver not in settled else AddedState.TAKEN_BACK
    return replace(
        added,
        met=giver in connected,
        pending=state in (AddedState.NOT_MET, AddedState.ON_ITS_WAY),
        state=state.value,
    )


def _vouches_back(replica: Replica, person: PersonId) -> bool:
    return replica.trust_state.graph.weight(person, replica.me) > 0


def written(host: str, port: int) -> str:
    """Return an address as people write it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


# --- when the two nodes meet -----------------------------------------------------------------------------------------


def redeem(replica: Replica, card: bytes, claimant: PersonId) -> Code | None:
    """Vouch for `claimant`, who has shown the secret of our card with this id.

    Returns the code to refuse with, or None. The vouch never replaces another one. It replaces a vouch that was taken
    back only if the card was made for one person: handing them a new card says something new, hanging a card on a
    notice board does not. A claimant who comes again is let in again, and is vouched for now if the node stopped before
    it had signed.

    The use of the card, the vouch and the promise of invitations are committed together. CARD_USED if the card is no longer valid for the claimant;
    BUSY if no vouch can be signed now, or the owner has to nod first: then the card keeps its use, and the claimant may
    come again.
    """
    if policy.blocks(replica, claimant):
        return Code.CARD_USED
    awaited = guests.awaited(replica, claimant)
    if awaited is None and guests.must_wait(replica, card, claimant):
        return Code.BUSY
    issued = replica.store.cards.issued(card)
    try:
        with replica.transaction():
            result = replica.store.cards.claim(card, claimant, replica.clock.now())
            if issued is None or result not in (ClaimResult.FIRST, ClaimResult.AGAIN):
                return Code.CARD_USED
            for_them_alone = awaited is not None or (result is ClaimResult.FIRST and issued.uses == 1)
            vouched = policy.weight(replica, claimant) > 0
            if not vouched and (for_them_alone or not policy.has_spoken_of(replica, claimant)):
                policy.vouch(replica, claimant, (awaited and awaited.weight) or issued.weight)
            if result is ClaimResult.FIRST:
                card_invitations.owe(replica, card, claimant)
            if awaited is not None:
                guests.came(replica, claimant)
    except Refused as fault:
        log.warning("the user of a card cannot be vouched for", extra={"why": fault.message})
        return Code.BUSY
    card_invitations.sign_owed(replica)
    return None


def met(replica: Replica, person: PersonId, *, called: bool, by_card: bool) -> None:
    """Take note that this node and that of `person` have compared all that they hold for each other.

    The connection began with the secret of a card if `by_card` is set, which we showed if we `called`. A person who was met
    without a card has the keys to find this node: then a used-up card is no longer announced for them.
    """
    if by_card and called:
        stop_presenting(replica, person)
    elif not by_card and replica.store.cards.met_without_card(person):
        replica.changes.publish(Change(people=frozenset({person})))


def stop_presenting(replica: Replica, giver: PersonId) -> None:
    """End the waiting for `giver`: their node was met, and has accepted or refused the secret of their card."""
    for taken in replica.store.cards.taken_pending(replica.clock.now()):
        if taken.card.giver == giver:
            replica.store.cards.taken_done(taken.id)


def note_spent_elsewhere(replica: Replica, giver: PersonId) -> None:
    """Remember that the card of `giver`, which must still be pending here, was used up by other people."""
    names = [card.name for card in pending_cards(replica) if card.giver == giver]
    if names:
        noted = spent_elsewhere(replica) | {person_text(giver): names[0]}
        replica.store.meta.set(_SPENT, json.dumps(dict(list(noted.items())[-SPENT_KEPT:])))


def spent_elsewhere(replica: Replica) -> dict[str, str]:
    """Return the givers of cards that other people had used up before they were added here: names by id.

    The owner is told of them, so that they ask for a new card.
    """
    noted: dict[str, str] = json.loads(replica.store.meta.get(_SPENT) or "{}")
    return noted


def _why_late(card: Card, now: int) -> str | None:
    """Return one line where a card has expired by our clock; whether it has is for its giver's node to say."""
    if card.expires > now:
        return None
    return f"By this computer's date the card has expired. If nothing comes of it, ask {named(card.name)} for a new one"


# --- inside ----------------------------------------------------------------------------------------------------------


def _forget_spent(replica: Replica, giver: PersonId) -> None:
    """Forget the used card of `giver`, since there is a new one."""
    noted = spent_elsewhere(replica)
    if noted.pop(person_text(giver), None) is not None:
        replica.store.meta.set(_SPENT, json.dumps(noted))


def _read(text: str) -> Card:
    try:
        return Card.parse(text)
    except RemoteError as error:
        if error.code is Code.CARD_CHECKSUM:
            raise Usage(
                "this card is incomplete or has a typo", "copy the whole text again", field=Field.CARD
            ) from error
        if error.code is Code.VERSION:
            raise Usage(
                "this card was made by a newer version of meshnode", "update yours", field=Field.CARD
            ) from error
        raise Usage(
            "this is not a card", "copy the text that 'meshnode card' prints. It begins with mesh1", field=Field.CARD
        ) from error
