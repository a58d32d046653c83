"""Names people: how a person is mentioned, what they are to the owner of this node, and which person a text means.

People who block or are blocked, and people to whom nothing connects the owner, cannot be named. The error is the same
as for somebody who does not exist, so that a block does not show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from meshnode.app.picking import Candidate, pick
from meshnode.errors import NotFound
from meshnode.replica.replica import Replica
from protocol import PersonId, person_text, short_id
from protocol.trust import TRUSTED, Relation, reaches, relation_of

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


def known(replica: Replica) -> set[PersonId]:
    """Return everybody who may be named here: people in the web in either direction, vouchers, and group members.

    A person whose policy is missing here might block the owner, so they are named only if the owner vouches for them.
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
        return _chosen(text, candidates(replica, pool), destructive=destructive)
    except NotFound:
        renamed = {person: public_name(replica, person) for person in replica.store.own_names.all() if person in pool}
        if not renamed:
            raise
        return _chosen(text, _candidates(replica, renamed), destructive=destructive)


def find_named(text: str, named: Mapping[PersonId, str]) -> PersonId:
    """Do as `find` among people of these names."""
    return _chosen(text, [_candidate(person, name, preferred=False) for person, name in named.items()])


def candidates(replica: Replica, among: Iterable[PersonId] | None = None) -> list[Candidate[PersonId]]:
    """Return everybody who may be named here, or those `among` whom to look, for `picking` to choose from."""
    pool = known(replica) if among is None else set(among)
    return _candidates(replica, {person: name_of(replica, person) for person in pool})


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
    return Candidate(person, id_, name, lambda: f"{name} ({id_[:ID_SHOWN]})", preferred=preferred)
