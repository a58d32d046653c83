"""What becomes of a card when the two nodes meet: at the giver's the vouch back, at the taker's the end of waiting."""

from __future__ import annotations

from meshnode.app.owner import policy
from meshnode.replica.replica import Replica
from meshnode.store import ClaimResult
from protocol import PersonId


def redeem(replica: Replica, card: bytes, claimant: PersonId) -> bool:
    """`claimant` has shown the secret of our card with this id: give him its vouch, if it still holds for him.

    The vouch is never laid over another. Over a vouch taken back only if the card was made for one person: handing it
    to him says something new, hanging it on a notice board does not. A claimant who comes again, because the line
    dropped, is let in again; his vouch is made up for if the node stopped between burning the secret and signing.
    """
    if policy.blocks(replica, claimant):
        return False
    result = replica.store.cards.claim(card, claimant, replica.clock.now())
    if result not in (ClaimResult.FIRST, ClaimResult.AGAIN):
        return False
    issued = replica.store.cards.issued(card)
    if issued is not None and policy.weight(replica, claimant) == 0:
        meant_for_him = result is ClaimResult.FIRST and issued.uses == 1
        if meant_for_him or not policy.has_spoken_of(replica, claimant):
            policy.vouch(replica, claimant, issued.weight)
    return True


def settled(replica: Replica, giver: PersonId) -> None:
    """The giver's node was met and took the secret, or will have nothing of it: stop presenting his cards."""
    for taken in replica.store.cards.taken_pending(replica.clock.now()):
        if taken.card.giver == giver:
            replica.store.cards.taken_done(taken.id)
