"""Cards that were added here too late: somebody else had used them. Kept so that their owner is told and asks for more."""

from __future__ import annotations

import json

from meshnode.app.naming import pending_cards
from meshnode.replica.replica import Replica
from protocol import PersonId, person_text

KEPT = 8  # names remembered: the owner needs the latest, not a history
_NOTED = "used cards"


def note(replica: Replica, giver: PersonId) -> None:
    """The giver's node says that his card is used up. To be called while the card is still pending here."""
    names = [card.name for card in pending_cards(replica) if card.giver == giver]
    if names:
        noted = by_giver(replica) | {person_text(giver): names[0]}
        replica.store.meta.set(_NOTED, json.dumps(dict(list(noted.items())[-KEPT:])))


def forget(replica: Replica, giver: PersonId) -> None:
    """There is a new card of his."""
    noted = by_giver(replica)
    if noted.pop(person_text(giver), None) is not None:
        replica.store.meta.set(_NOTED, json.dumps(noted))


def by_giver(replica: Replica) -> dict[str, str]:
    """Whose card was used up before it came here: names by id."""
    told: dict[str, str] = json.loads(replica.store.meta.get(_NOTED) or "{}")
    return told
