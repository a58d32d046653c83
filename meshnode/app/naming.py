"""Names people: how a person is mentioned, what they are to the owner of this node, and which person a text means.

People who block or are blocked, and people to whom nothing connects the owner, cannot be named. The error is the same
as for somebody who does not exist, so that a block does not show.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from heapq import nsmallest
from weakref import WeakKeyDictionary

from meshnode.app.picking import ID_PREFIX_MIN, Candidate, alike, pick
from meshnode.app.words import searchable, words_of
from meshnode.errors import NotFound
from meshnode.quoting import quoted
from meshnode.replica.replica import Replica
from meshnode.replica.trust_state import TrustState
from protocol import PersonId, people_written, person_text, short_id
from protocol.trust import TRUSTED, Relation, reaches, relation_of

NAMES_REMEMBERED = 16_384  # names in the forms in which they are compared, some 5 MB: more than a web has people
NAMES_OFFERED = 50  # for completion; more than a person reads
_ID_TAG = "mp1"
ID_SHOWN = 11  # letters of an id in a list of candidates, its tag among them


@dataclass(frozen=True, slots=True)
class PersonRef:
    """A person as others are mentioned: the whole id, and the name that you or else they themselves have given them."""

    id: str
    name: str


def name_of(replica: Replica, person: PersonId) -> str:
    """Return the name by which `person` is shown: the owner's own name for them, else the one they give themselves."""
    return replica.store.own_names.all().get(person) or public_name(replica, person)


def called(replica: Replica, person: PersonId, name: str) -> str:
    """Return the owner's own name for `person`, or `name`, which a card or a letter gave them."""
    return replica.store.own_names.all().get(person) or name


def public_name(replica: Replica, person: PersonId) -> str:
    """Return the name that `person` goes by for everybody: the owner's own names must never leave this node.

    It is the one in their profile, else a remembered one, else the beginning of their id.
    """
    profile = replica.trust_state.profile(person)
    if profile is not None:
        return profile.name
    remembered = replica.store.meta.get(_remembered(person)) or replica.store.blocked.name(person)
    return remembered or short_id(person)


def remember_name(replica: Replica, person: PersonId, name: str) -> None:
    """Keep the name of a person whose profile may be missing here, because they are new or blocked."""
    if replica.store.meta.get(_remembered(person)) != name:
        replica.store.meta.set(_remembered(person), name)


def _remembered(person: PersonId) -> str:
    return f"name of {person.hex()}"


def reference(replica: Replica, person: PersonId) -> PersonRef:
    """Return how `person` is mentioned."""
    return PersonRef(person_text(person), name_of(replica, person))


def relation_to(replica: Replica, person: PersonId) -> Relation:
    """Return what `person` is to the owner of this node."""
    if person == replica.me:
        return Relation.YOURSELF
    own_vouch = replica.trust_state.graph.weight(replica.me, person)
    hops = None
    if not own_vouch and reaches(replica.trust_state.regard_from(replica.me).get(person), TRUSTED):
        hops = replica.trust_state.hops(replica.me, person)
    return relation_of(replica.trust_state.standing(person, replica.me), own_vouch=own_vouch, hops=hops)


def known(replica: Replica) -> frozenset[PersonId]:
    """Return everybody who may be named here: people in the web in either direction, vouchers, and group members.

    A person whose policy is missing here might block the owner, so they are named only if the owner vouches for them.
    """
    trust_state = replica.trust_state
    lately = _known_lately.get(trust_state)
    if lately is None or lately[0] != trust_state.version:
        lately = _known_lately[trust_state] = (trust_state.version, _known(trust_state, replica.me))
    return lately[1]


_known_lately: WeakKeyDictionary[TrustState, tuple[int, frozenset[PersonId]]] = WeakKeyDictionary()
"""By trust state, its version and everybody who was known then: nearly every command asks."""


def _known(trust_state: TrustState, me: PersonId) -> frozenset[PersonId]:
    own = trust_state.graph.vouched_by(me)
    others = {
        *trust_state.reach_to(me),
        *trust_state.regard_from(me),
        *trust_state.graph.vouchers_of(me),
        *trust_state.groups.co_members(me),
    }
    decidable = {person for person in others if trust_state.policy(person) is not None}
    blocked = trust_state.graph.blocked_either_way
    return frozenset({me, *(person for person in {*own, *decidable} if not blocked(me, person))})


def find(
    replica: Replica, text: str, among: Iterable[PersonId] | None = None, *, destructive: bool = False
) -> PersonId:
    """Return the person whom `text` means; people whom the owner vouches for go first. `destructive` as in `picking.pick`.

    People are found by the names by which they are shown. Only where nobody is, those whom the owner calls by a name of
    their own are found by the names that they give themselves.

    Raises NotFound if it means nobody whom the owner may see, Ambiguous if it may mean several.
    """
    pool = known(replica) if among is None else set(among)
    try:
        return _chosen(text, candidates(replica, text, pool), destructive=destructive)
    except NotFound:
        renamed = {person: public_name(replica, person) for person in replica.store.own_names.all() if person in pool}
        if not renamed:
            raise
        return _chosen(text, _candidates(replica, renamed), destructive=destructive)


def _near(replica: Replica, text: str, pool: Collection[PersonId]) -> dict[PersonId, str]:
    """Return all people whom `text` can mean in any way, and maybe others, by name: to compare few is quicker.

    `pick` compares thoroughly, which would take long for the ten thousand people of a large web.
    """
    written, words = alike(text), words_of(text)
    found: dict[PersonId, str] = {}
    for person in pool:
        name = name_of(replica, person)
        form, folded = _forms(name)
        if written in form or (words and all(word in folded for word in words)):
            found[person] = name
    letters = written.removeprefix(_ID_TAG)
    if len(letters) >= ID_PREFIX_MIN:
        found.update((person, name_of(replica, person)) for person in people_written(letters, pool))
    return found


@lru_cache(NAMES_REMEMBERED)
def _forms(name: str) -> tuple[str, str]:
    """Return a name as it is compared: as written, and folded."""
    return alike(name), searchable(name)


def named(replica: Replica, begun: str) -> tuple[list[PersonRef], int]:
    """Return people whose name or id begins with `begun`, the ones whom the owner vouches for first, and how many more.

    No more than NAMES_OFFERED are returned, for a person to choose from.
    """
    form = alike(begun)
    fitting = {
        person: name for person in known(replica) if _forms(name := name_of(replica, person))[0].startswith(form)
    }
    letters = form.removeprefix(_ID_TAG)
    if not fitting and len(letters) >= ID_PREFIX_MIN:
        fitting = {person: name_of(replica, person) for person in people_written(letters, known(replica))}
    vouched = replica.trust_state.graph.vouched_by(replica.me)
    first = nsmallest(NAMES_OFFERED, fitting, key=lambda person: (person not in vouched, fitting[person], person))
    return [PersonRef(person_text(person), fitting[person]) for person in first], len(fitting) - len(first)


def find_named(text: str, named: Mapping[PersonId, str]) -> PersonId:
    """Do as `find` among people of these names."""
    return _chosen(text, [_candidate(person, name, preferred=False) for person, name in named.items()])


def candidates(replica: Replica, text: str, among: Iterable[PersonId] | None = None) -> list[Candidate[PersonId]]:
    """Return all whom `text` can mean of those who may be named here, or of those `among`, for `picking` to choose from."""
    pool = known(replica) if among is None else set(among)
    return _candidates(replica, _near(replica, text, pool))


def _candidates(replica: Replica, named: Mapping[PersonId, str]) -> list[Candidate[PersonId]]:
    vouched = replica.trust_state.graph.vouched_by(replica.me)
    return [_candidate(person, name, preferred=person in vouched) for person, name in named.items()]


def _chosen(text: str, found: list[Candidate[PersonId]], *, destructive: bool = False) -> PersonId:
    person = pick(text, found, noun="person", destructive=destructive)
    if person is None:
        raise NotFound(f"nobody you can see is called {text!r}", "'meshnode people' lists the people you know")
    return person


def _candidate(person: PersonId, name: str, *, preferred: bool) -> Candidate[PersonId]:
    id_ = person_text(person)
    return Candidate(person, id_, name, lambda: f"{quoted(name)} ({id_[:ID_SHOWN]})", preferred=preferred)
