"""Redeeming a card when the two nodes meet: the giver vouches in return, and the user's node forgets the card."""

from __future__ import annotations

import logging

from meshnode.app.owner import policy
from meshnode.errors import Refused
from meshnode.replica.replica import Replica
from meshnode.store import ClaimResult
from protocol import Code, PersonId

log = logging.getLogger(__name__)


def redeem(replica: Replica, card: bytes, claimant: PersonId) -> Code | None:
    """Vouch for `claimant`, who has presented the secret of our card with this id. Return the code to refuse with, or None.

    The vouch never replaces another one. It replaces a vouch that was taken back only if the card was made for one person:
    handing them a new card says something new, hanging a card on a notice board does not. A claimant who comes again is
    let in again, and is vouched for now if the node stopped before it had signed.

    The use of the card and the vouch are committed together. CARD_USED if the card is no longer valid for the claimant;
    BUSY if no vouch can be signed now: then the card keeps its use, and the claimant may come again.
    """
    if policy.blocks(replica, claimant):
        return Code.CARD_USED
    issued = replica.store.cards.issued(card)
    try:
        with replica.transaction():
            result = replica.store.cards.claim(card, claimant, replica.clock.now())
            if issued is None or result not in (ClaimResult.FIRST, ClaimResult.AGAIN):
                return Code.CARD_USED
            for_them_alone = result is ClaimResult.FIRST and issued.uses == 1
            vouched = policy.weight(replica, claimant) > 0
            if not vouched and (for_them_alone or not policy.has_spoken_of(replica, claimant)):
                policy.vouch(replica, claimant, issued.weight)
    except Refused as fault:
        log.warning("the user of a card cannot be vouched for", extra={"why": fault.message})
        return Code.BUSY
    return None


def settled(replica: Replica, giver: PersonId) -> None:
    """Forget the cards of `giver`, whose node has accepted one of them or has refused it for good."""
    for taken in replica.store.cards.taken_pending(replica.clock.now()):
        if taken.card.giver == giver:
            replica.store.cards.taken_done(taken.id)
