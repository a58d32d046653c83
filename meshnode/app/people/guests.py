"""Lets people who use a card made for many wait for the owner's nod, once such cards have made enough vouches for a day.

A card on a notice board connects anybody who reads it, and one guest can come under any number of names. Each takes up an
entry in the list of the owner's vouches. So beyond some a day nobody is vouched for until the owner says so. The guest's
node keeps calling, and is let in when the owner has added them.

Nothing tells an honest guest from one under many names but the owner, who has the guest before them. So the list of those
who wait turns nobody away: each card has a fair part of it, and the one who has not called for longest makes room. The
owner can name a guest who is not in it, by the fingerprint words or the id that the guest's own node shows.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import NamedTuple

from msgspec import Struct

from meshnode.app.naming import PersonRef, find_named, reference
from meshnode.app.owner import policy
from meshnode.errors import NotFound
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica
from protocol import (
    PersonId,
    begins_person,
    fingerprint_words,
    is_fingerprint,
    limits,
    parse_person,
    person_text,
)

_GUESTS, _AWAITED = "guests", "awaited guests"  # their keys among the small values of the store
_CALL_NOTED_SECONDS = 60  # a guest who calls again sooner is not noted: each note is a write to the disk
_ID_TAG = "mp1"
_ID_LETTERS_MIN = 12  # after the tag, 60 bits: nobody finds a key that begins so while the guest stands there


class Guest(Struct, frozen=True):
    """A person who has shown a card made for many and waits: the vouch it gives (per mille), since when, until when."""

    person: PersonRef
    weight: int
    since: int
    until: int


class Awaited(Struct, frozen=True):
    """A guest whom the owner lets in when they call: by which name, and the vouch for them (per mille; None: the card's)."""

    called: str
    weight: int | None


class _Waiting(NamedTuple):
    """A guest as they are kept: the vouch, since and until when, the card in hex, and when they called last."""

    weight: int
    since: int
    until: int
    card: str
    last: int


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
    kept, text = _kept(replica), person_text(claimant)
    held = kept.pop(text, None)
    if held is None or now - held.last >= _CALL_NOTED_SECONDS:
        since = now if held is None else held.since
        kept[text] = _Waiting(issued.weight, since, issued.expires, card.hex(), now)
        _keep(replica, _with_room(kept))
    if held is None:
        replica.changes.publish(Change(people=frozenset({claimant})))
    return True


def _with_room(kept: dict[str, _Waiting]) -> dict[str, _Waiting]:
    """Return those who stay in the list: of the card with most guests, the one who has not called for longest leaves."""
    while len(kept) > limits.GUESTS_WAITING_MAX:
        of_card = Counter(one.card for one in kept.values())
        leaving = max(kept, key=lambda text: of_card[kept[text].card])  # of equals the first
        kept = {text: one for text, one in kept.items() if text != leaving}
    return kept


def guests(replica: Replica) -> tuple[Guest, ...]:
    """Return those who wait for the owner's nod, the first first, without those blocked either way."""
    graph, me = replica.trust_state.graph, replica.me
    found = [(parse_person(text), kept) for text, kept in _kept(replica).items()]
    return tuple(
        Guest(PersonRef(person_text(person), reference(replica, person).name), kept.weight, kept.since, kept.until)
        for person, kept in sorted(found, key=lambda one: (one[1].since, one[0]))
        if not graph.blocked_either_way(me, person) and policy.weight(replica, person) == 0
    )


def find(replica: Replica, text: str) -> Guest | None:
    """Return the guest in the list whom `text` means, by id, name or fingerprint words. Ambiguous if it may mean several."""
    waiting = {parse_person(guest.person.id): guest for guest in guests(replica)}
    by_words = [guest for person, guest in waiting.items() if _is_called(person, text)]
    if by_words:
        return by_words[0]
    try:
        return waiting[find_named(text, {person: guest.person.name for person, guest in waiting.items()})]
    except NotFound:
        return None


def forget(replica: Replica, person: PersonId) -> None:
    """Let this person wait no longer: the owner has nodded."""
    kept = _kept(replica)
    if kept.pop(person_text(person), None) is not None:
        _keep(replica, kept)


# --- guests whom the owner names before they are seen ----------------------------------------------------------------


def wait_for(replica: Replica, text: str, weight: int | None) -> Awaited | None:
    """Let in, for a day, the guest with a card made for many whom `text` names; None if it names nobody for sure.

    That is the whole id, or enough of its beginning, or the fingerprint words, as the guest's own node shows them. None,
    too, while no card made for many is open.
    """
    called, now = _named_for_sure(text), replica.clock.now()
    open_cards = [one for one in replica.store.cards.issued_live(now) if one.uses > 1 and not one.spent]
    if called is None or not open_cards:
        return None
    kept = {name: one for name, one in _awaited(replica).items() if name != called}
    kept[called] = (weight, now + limits.DAY)
    latest = list(kept)[-limits.GUESTS_AWAITED_MAX :]
    replica.store.meta.set(_AWAITED, json.dumps({name: kept[name] for name in latest}))
    return Awaited(called, min(one.weight for one in open_cards) if weight is None else weight)


def awaited(replica: Replica, claimant: PersonId) -> Awaited | None:
    """Return how the owner has named this person, if they are to be let in."""
    found = ((name, weight) for name, (weight, _) in _awaited(replica).items() if _is_called(claimant, name))
    return next((Awaited(name, weight) for name, weight in found), None)


def came(replica: Replica, claimant: PersonId) -> None:
    """Wait no longer for this person, who is let in."""
    kept = {name: one for name, one in _awaited(replica).items() if not _is_called(claimant, name)}
    replica.store.meta.set(_AWAITED, json.dumps(kept))
    forget(replica, claimant)


def _named_for_sure(text: str) -> str | None:
    """Return, in one form, an id, the beginning of one or fingerprint words; None where it is none or tells too little."""
    words = text.casefold().replace("-", " ").split()
    letters = "".join(words)
    long_enough = begins_person(letters) and len(letters) >= len(_ID_TAG) + _ID_LETTERS_MIN
    return letters if long_enough else " ".join(words) if is_fingerprint(words) else None


def _is_called(person: PersonId, text: str) -> bool:
    name = _named_for_sure(text)
    return name is not None and (person_text(person).startswith(name) or " ".join(fingerprint_words(person)) == name)


def _awaited(replica: Replica) -> dict[str, tuple[int | None, int]]:
    found = json.loads(replica.store.meta.get(_AWAITED) or "{}")
    now = replica.clock.now()
    return {name: (weight, until) for name, (weight, until) in found.items() if until > now}


# --- inside ----------------------------------------------------------------------------------------------------------


def _kept(replica: Replica) -> dict[str, _Waiting]:
    """Return those whose card has not expired, the one who has not called for longest first."""
    found = json.loads(replica.store.meta.get(_GUESTS) or "{}")
    now = replica.clock.now()
    return {
        text: one for text, one in ((text, _Waiting._make(each)) for text, each in found.items()) if one.until > now
    }


def _keep(replica: Replica, kept: dict[str, _Waiting]) -> None:
    replica.store.meta.set(_GUESTS, json.dumps(kept))
