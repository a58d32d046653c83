"""Explains why a person or a listing is visible: the paths of trust between two people, and what would cut them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.listings.listings import candidates as listing_candidates
from meshnode.app.listings.view import ListingView
from meshnode.app.listings.view import view as view_listing
from meshnode.app.naming import PersonRef, candidates, find, name_of, reference, relation_to
from meshnode.app.picking import Candidate, pick
from meshnode.errors import Ambiguous, NotFound
from meshnode.replica.replica import Replica
from protocol import Audience, Group, PersonId, Record, limits
from protocol.trust import TRUSTED, WEB, TrustPath


@dataclass(frozen=True, slots=True)
class PathView:
    """One path of trust: `weights[i]` is the vouch of `people[i]` for `people[i + 1]`, `trust` is their product."""

    people: tuple[PersonRef, ...]
    weights: tuple[float, ...]
    trust: float


@dataclass(frozen=True, slots=True)
class WhyView:
    """The connection between you and a person, or a listing through its author.

    `regard` runs from you to them and says how much you trust them; `reach` runs from them to you and says how much they
    trust you. `needs` is the least reach that the listing's audience asks for (null: trust does not matter). `groups` are
    the names of the groups that you share, whose members see what is for them without any trust. `breaks` says in
    sentences what would end the connection.
    """

    person: PersonRef
    listing: ListingView | None
    relation: str
    regard: PathView | None
    reach: PathView | None
    needs: float | None
    breaks: tuple[str, ...]
    groups: tuple[str, ...] = ()


NEEDS = {Audience.TRUSTED_NETWORK: TRUSTED, Audience.ANYONE_LOCAL: WEB, Audience.NETWORK_WIDE: WEB}


def why(replica: Replica, catalog: Catalog, what: str) -> WhyView:
    """Explain the person or listing that `what` names: a listing by its title or id, else a person.

    Raises NotFound where neither can be seen, Ambiguous where several are meant.
    """
    try:
        meant = _meant(replica, catalog, what)
    except Ambiguous:
        person = _only_person(replica, what)
        if person is None:
            raise
        meant = person
    if isinstance(meant, Record):
        return _explain(replica, meant.header.author, view_listing(replica, meant))
    return _explain(replica, meant, None)


def _only_person(replica: Replica, what: str) -> PersonId | None:
    """Return the person whom `what` means where it fits several listings, or None."""
    try:
        return find(replica, what)
    except NotFound:
        return None


def _meant(replica: Replica, catalog: Catalog, what: str) -> Record | PersonId:
    """Return the listing or the person that fits `what` best; a listing goes before a person whom it fits as well."""
    listings: list[Candidate[Record | PersonId]] = [
        Candidate(one.item, one.id, one.name, one.label, preferred=True, more=one.more)
        for one in listing_candidates(replica, catalog, what, own_only=False)
    ]
    people: list[Candidate[Record | PersonId]] = [
        Candidate(one.item, one.id, one.name, one.label) for one in candidates(replica)
    ]
    meant = pick(what, [*listings, *people], noun="person or post")
    if meant is None:
        hint = "'meshnode people' and 'meshnode discover' list people and posts"
        raise NotFound(f"no person and no post that you can see is called {what!r}", hint)
    return meant


def _explain(replica: Replica, person: PersonId, listing: ListingView | None) -> WhyView:
    graph, me = replica.trust_state.graph, replica.me
    regard = graph.trust(me, person) if person != me else None
    reach = graph.trust(person, me) if person != me else None
    shared = replica.trust_state.groups.shared(person, me) if person != me else []
    needs = NEEDS.get(Audience.from_word(listing.audience)) if listing is not None and person != me else None
    return WhyView(
        person=reference(replica, person),
        listing=listing,
        relation=relation_to(replica, person).value,
        regard=_path(replica, regard),
        reach=_path(replica, reach),
        needs=needs / limits.WEIGHT_MAX if needs else None,
        breaks=() if person == me else tuple(_breaks(replica, person, regard, reach, shared)),
        groups=tuple(group.name for group in shared),
    )


def _path(replica: Replica, path: TrustPath | None) -> PathView | None:
    if path is None:
        return None
    return PathView(
        people=tuple(reference(replica, person) for person in path.people),
        weights=tuple(weight / limits.WEIGHT_MAX for weight in path.weights),
        trust=path.trust,
    )


def _breaks(
    replica: Replica, person: PersonId, regard: TrustPath | None, reach: TrustPath | None, shared: list[Group]
) -> list[str]:
    """Return, each once, what would cut the paths: a vouch taken back, a shared group left, or a block."""
    sentences: dict[str, None] = {}
    for path in (regard, reach):
        if path is None:
            continue
        steps = list(pairwise(path.people))
        for index, (giver, subject) in enumerate(steps):
            sentences[_taken_back(replica, giver, subject)] = None
            if index < len(steps) - 1:  # trust runs on only through people who vouch back
                sentences[_taken_back(replica, subject, giver)] = None
    for group in shared:
        sentences[f"You or {_name(replica, person)} leave {group.name}"] = None
    between = {bridge for path in (regard, reach) if path for bridge in path.people[1:-1]}
    if regard or reach or shared:
        sentences[f"You or {_name(replica, person)} block the other"] = None
    for bridge in sorted(between):
        sentences[f"Either of you blocks {_name(replica, bridge)}, or is blocked by {_name(replica, bridge)}"] = None
    return [f"{sentence}." for sentence in sentences]


def _taken_back(replica: Replica, giver: PersonId, subject: PersonId) -> str:
    if giver == replica.me:
        return f"You no longer trust {_name(replica, subject)} directly"
    return f"{_name(replica, giver)} no longer trusts {_name(replica, subject)} directly"


def _name(replica: Replica, person: PersonId) -> str:
    return "you" if person == replica.me else name_of(replica, person)
