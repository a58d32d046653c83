"""Lets people who use a card made for many wait for the owner's nod, once such cards have made enough vouches for a day.

A card on a notice board connects anybody who reads it, and one guest can come under any number of names. Each takes up an
entry in the list of the owner's vouches. So beyond some a day nobody is vouched for until the owner says so. The guest's
node keeps calling, and is let in when the owner has added them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from meshnode.app.naming import PersonRef, reference
from meshnode.app.owner import policy
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica
from protocol import PersonId, limits, parse_person, person_text

_GUESTS = "guests"  # their key among the small values of the store


@dataclass(frozen=True, slots=True)
class Guest:
    """A person who has shown a card made for many and waits: the vouch it gives (per mille), since when, until when."""

    person: PersonRef
    weight: int
    since: int
    until: int


def must_wait(replica: Replica, card: bytes, claimant: PersonId) -> bool:
    """Whether this person, who has shown the secret of that card, has to wait for the owner. If so, the owner is told.

    Nobody waits who was vouched for before, or whose card is for one person, expired or used up.
    """
    now, issued = replica.clock.now(), replica.store.cards.issued(card)
    if issued is None or issued.uses == 1 or issued.spent or issued.expires <= now or claimant in issued.claimants:
        return False
    if (
        policy.has_spoken_of(replica, claimant)
        or replica.store.cards.guests_since(now - limits.DAY) < limits.GUESTS_A_DAY
    ):
        return False
    kept = _kept(replica)
    if person_text(claimant) not in kept and len(kept) < limits.GUESTS_WAITING_MAX:
        _keep(replica, {**kept, person_text(claimant): (issued.weight, now, issued.expires)})
        replica.changes.publish(Change(people=frozenset({claimant})))
    return True


def guests(replica: Replica) -> tuple[Guest, ...]:
    """Return those who wait for the owner's nod, the first first, without those blocked either way."""
    graph, me = replica.trust_state.graph, replica.me
    found = [(parse_person(text), *kept) for text, kept in _kept(replica).items()]
    return tuple(
        Guest(PersonRef(person_text(person), reference(replica, person).name), weight, since, until)
        for person, weight, since, until in found
        if not graph.blocked_either_way(me, person) and policy.weight(replica, person) == 0
    )


def forget(replica: Replica, person: PersonId) -> None:
    """Let this person wait no longer: the owner has nodded."""
    kept = _kept(replica)
    if kept.pop(person_text(person), None) is not None:
        _keep(replica, kept)


def _kept(replica: Replica) -> dict[str, tuple[int, int, int]]:
    """Return those whose card has not expired."""
    found = json.loads(replica.store.meta.get(_GUESTS) or "{}")
    now = replica.clock.now()
    return {text: (weight, since, until) for text, (weight, since, until) in found.items() if until > now}


def _keep(replica: Replica, kept: dict[str, tuple[int, int, int]]) -> None:
    replica.store.meta.set(_GUESTS, json.dumps(kept))
