"""Naming people: how somebody is mentioned, and who is meant by the beginning of a name or id.

Whoever is blocked, blocks, or stands in no connection cannot be named: not visible and not found are one answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from meshnode.errors import Ambiguous, NotFound, Usage
from meshnode.replica.replica import Replica
from protocol import PersonId, normalize, person_matches, person_text, short_id
from protocol.tokens import Card

ID_PREFIX_MIN = 4  # shorter beginnings of an id would fit strangers by chance
CANDIDATES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class PersonRef:
    """A person as others are mentioned: the whole id, and the name he gives himself."""

    id: str
    name: str


def name_of(replica: Replica, person: PersonId) -> str:
    """The name `person` goes by here: his profile's, else one remembered, else how his id begins."""
    profile = replica.trust_state.profile(person)
    if profile is not None:
        return profile.name
    return replica.store.meta.get(_remembered(person)) or short_id(person)


def remember_name(replica: Replica, person: PersonId, name: str) -> None:
    """Keep the name of somebody whose profile may not be here, yet or any more: one vouched for, or blocked."""
    if replica.store.meta.get(_remembered(person)) != name:
        replica.store.meta.set(_remembered(person), name)


def _remembered(person: PersonId) -> str:
    return f"name of {person.hex()}"


def pending_cards(replica: Replica) -> list[Card]:
    """Cards that were added here and whose givers were not met yet."""
    return [taken.card for taken in replica.store.cards.taken_pending(replica.clock.now())]


def reference(replica: Replica, person: PersonId) -> PersonRef:
    """How `person` is mentioned."""
    return PersonRef(person_text(person), name_of(replica, person))


def known(replica: Replica) -> set[PersonId]:
    """Everybody who may be named here: in the web in either direction, or a vouch, card or group between us.

    Of whom no policy is in use it cannot be known that he does not block: he is named only if vouched for here.
    """
    trust_state, me = replica.trust_state, replica.me
    own = trust_state.graph.vouched_by(me)
    others = {
        *trust_state.reach_to(me),
        *trust_state.regard_from(me),
        *trust_state.graph.vouchers_of(me),
        *trust_state.groups.co_members(me),
    }
    decidable = {person for person in others if trust_state.policy(person) is not None}
    return {me, *(person for person in {*own, *decidable} if not trust_state.graph.blocked_either_way(me, person))}


def alike(name: str) -> str:
    """Return a name as it is compared here: without regard to case, and to whether its writer composed it (NFC)."""
    return normalize(name).casefold()


def find(replica: Replica, text: str, among: Iterable[PersonId] | None = None) -> PersonId:
    """The one person whose name or id begins with `text`, a whole name or id before the beginning of one.

    NotFound if there is nobody (whom you may see), Ambiguous if there are several.
    """
    pool = known(replica) if among is None else set(among)
    return find_named(text, {person: name_of(replica, person) for person in pool})


def find_named(text: str, named: Mapping[PersonId, str]) -> PersonId:
    """As `find`, among people who go by these names."""
    pool = named.keys()
    wanted = alike(text)
    if not wanted:
        raise Usage("say which person", "a name, an id, or the beginning of either")
    matches = _by_id(wanted, pool)
    if not matches:
        # Nor can the beginning of an id, as lists show it, be taken: then both are meant.
        as_id = len(wanted.removeprefix("mp1")) >= ID_PREFIX_MIN
        by_id = [person for person in pool if as_id and person_matches(wanted, person)]
        by_name = [person for person, name in named.items() if alike(name) == wanted]
        by_name = by_name or [person for person, name in named.items() if alike(name).startswith(wanted)]
        matches = list(dict.fromkeys([*by_name, *by_id]))
    if not matches:
        raise NotFound(f"nobody you can see is called {text!r}", "'meshnode people' lists the people you know")
    if len(matches) > 1:
        raise ambiguous(text, [f"{named[person]} ({person_text(person)[:11]})" for person in matches])
    return matches[0]


def _by_id(wanted: str, pool: Collection[PersonId]) -> list[PersonId]:
    """The person whose whole id this is: nobody can take that from him with a name."""
    return [person for person in pool if wanted == person_text(person)]


def ambiguous(text: str, candidates: list[str]) -> Ambiguous:
    """The error that lists who or what could have been meant."""
    shown = sorted(candidates)[:CANDIDATES_SHOWN]
    more = len(candidates) - len(shown)
    listed = ", ".join(shown) + (f" and {more} more" if more else "")
    return Ambiguous(f"{text!r} could be {listed}", tuple(shown), "type more of it, or the id")
