"""Explains why a person or a listing is visible: the paths of trust between two people, and what would cut them."""

from __future__ import annotations

from dataclasses import dataclass

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.explain.breaks import BreakView, breaks
from meshnode.app.listings.listings import find as find_listing
from meshnode.app.listings.view import ListingView, body_of
from meshnode.app.listings.view import view as view_listing
from meshnode.app.naming import PersonRef, find, reference, relation_to
from meshnode.app.owner.places import preference_of
from meshnode.errors import Ambiguous, NotFound
from meshnode.replica.replica import Replica
from protocol import Audience, PersonId, Record, limits
from protocol.trust import TRUSTED, WEB, ListingFacts, TrustPath, listing_facts


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
    the names of the groups that you share, whose members see what is for them without any trust. `breaks` has
    each act that would end it by itself.
    """

    person: PersonRef
    listing: ListingView | None
    relation: str
    regard: PathView | None
    reach: PathView | None
    needs: float | None
    breaks: tuple[BreakView, ...]
    groups: tuple[str, ...] = ()


NEEDS = {Audience.TRUSTED_NETWORK: TRUSTED, Audience.ANYONE_LOCAL: WEB, Audience.NETWORK_WIDE: WEB}


def why(replica: Replica, catalog: Catalog, what: str) -> WhyView:
    """Explain the person or listing that `what` names: a listing by its title or id, else a person.

    Raises NotFound where neither can be seen, Ambiguous where several are meant.
    """
    try:
        record = find_listing(replica, catalog, what)
    except NotFound:
        return _explain(replica, _person(replica, what), None)
    except Ambiguous:
        try:
            return _explain(replica, find(replica, what), None)  # several listings, but one person
        except NotFound:
            pass
        raise
    return _explain(replica, record.header.author, record)


def _person(replica: Replica, what: str) -> PersonId:
    try:
        return find(replica, what)
    except NotFound as error:
        hint = "'meshnode people' and 'meshnode discover' list people and posts"
        raise NotFound(f"no person and no post that you can see is called {what!r}", hint) from error


def _explain(replica: Replica, person: PersonId, record: Record | None) -> WhyView:
    graph, me = replica.trust_state.graph, replica.me
    listing = None if record is None else view_listing(replica, record)
    regard = graph.trust(me, person) if person != me else None
    reach = graph.trust(person, me) if person != me else None
    shared = replica.trust_state.groups.shared(person, me) if person != me else []
    needs = NEEDS.get(Audience.from_word(listing.audience)) if listing is not None and person != me else None
    facts = None if record is None else _facts(replica, record)
    paths = [path for path in (regard, reach) if path is not None]
    return WhyView(
        person=reference(replica, person),
        listing=listing,
        relation=relation_to(replica, person).value,
        regard=_path(replica, regard),
        reach=_path(replica, reach),
        needs=needs / limits.WEIGHT_MAX if needs else None,
        breaks=() if person == me else breaks(replica, person, facts, paths, shared),
        groups=tuple(group.name for group in shared),
    )


def _facts(replica: Replica, record: Record) -> ListingFacts:
    author = record.header.author
    return listing_facts(
        record.header.audience,
        body_of(record).place,
        preference=preference_of(replica, author),
        author_place=replica.trust_state.published_place(author),
    )


def _path(replica: Replica, path: TrustPath | None) -> PathView | None:
    if path is None:
        return None
    return PathView(
        people=tuple(reference(replica, person) for person in path.people),
        weights=tuple(weight / limits.WEIGHT_MAX for weight in path.weights),
        trust=path.trust,
    )
