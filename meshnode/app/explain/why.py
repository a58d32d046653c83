"""Explains why a person or a listing is visible: the paths of trust between two people, and what would cut them."""

from __future__ import annotations

from msgspec import Struct

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.explain.breaks import BreakView, breaks
from meshnode.app.listings.listings import candidates as listing_candidates
from meshnode.app.listings.view import ListingView, body_of
from meshnode.app.listings.view import view as view_listing
from meshnode.app.naming import PersonRef, candidates, find, known, reference, relation_to
from meshnode.app.owner.places import preference_of
from meshnode.app.picking import Candidate, pick
from meshnode.errors import Ambiguous, NotFound
from meshnode.replica.replica import Replica
from meshnode.slices import Steps, undisturbed
from protocol import Audience, PersonId, Record, limits
from protocol.trust import TRUSTED, WEB, ListingFacts, TrustPath, listing_facts


class PathView(Struct, frozen=True):
    """One path of trust: `weights[i]` is the vouch of `people[i]` for `people[i + 1]`, `trust` is their product."""

    people: tuple[PersonRef, ...]
    weights: tuple[float, ...]
    trust: float


class WhyView(Struct, frozen=True):
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


def why(replica: Replica, catalog: Catalog, what: str) -> Steps[WhyView]:
    """Explain the person or listing that `what` names: a listing by its title or id, else a person.

    Raises NotFound where neither can be seen, Ambiguous where several are meant.
    """
    try:
        meant = yield from _meant(replica, catalog, what)
    except Ambiguous:
        person = _only_person(replica, what)
        if person is None:
            raise
        meant = person
    if isinstance(meant, Record):
        return (yield from _explain(replica, meant.header.author, meant))
    return (yield from _explain(replica, meant, None))


def _paths(replica: Replica, person: PersonId) -> Steps[tuple[TrustPath | None, TrustPath | None]]:
    """Return the best paths to `person` and back, both of one moment: if trust changes in between, they are searched again."""
    graph, me = replica.trust_state.graph, replica.me

    def both() -> Steps[tuple[TrustPath | None, TrustPath | None]]:
        regard = yield from graph.finding_trust(me, person)
        yield
        return regard, (yield from graph.finding_trust(person, me))

    if person == me:
        return None, None
    return (yield from undisturbed(lambda: graph.version, both))


def _only_person(replica: Replica, what: str) -> PersonId | None:
    """Return the person whom `what` means where it fits several listings, or None."""
    try:
        return find(replica, what)
    except NotFound:
        return None


def _meant(replica: Replica, catalog: Catalog, what: str) -> Steps[Record | PersonId]:
    """Return the listing or the person that fits `what` best; a listing goes before a person whom it fits as well."""
    known(replica)  # a change of trust is followed in a step of its own
    yield
    listings: list[Candidate[Record | PersonId]] = [
        Candidate(one.item, one.id, one.name, one.label, preferred=True, more=one.more)
        for one in listing_candidates(replica, catalog, what, own_only=False)
    ]
    yield
    people: list[Candidate[Record | PersonId]] = [
        Candidate(one.item, one.id, one.name, one.label) for one in candidates(replica, what)
    ]
    meant = pick(what, [*listings, *people], noun="person or post")
    if meant is None:
        hint = "'meshnode people' and 'meshnode discover' list people and posts"
        raise NotFound("no person and no post that you can see is called {what}", hint, what=repr(what))
    return meant


def _explain(replica: Replica, person: PersonId, record: Record | None) -> Steps[WhyView]:
    me = replica.me
    listing = None if record is None else view_listing(replica, record)
    yield
    regard, reach = yield from _paths(replica, person)
    shared = replica.trust_state.groups.shared(person, me) if person != me else []
    needs = NEEDS.get(Audience.from_word(listing.audience)) if listing is not None and person != me else None
    facts = None if record is None else _facts(replica, record)
    paths = [path for path in (regard, reach) if path is not None]
    ended_by = () if person == me else (yield from breaks(replica, person, facts, paths, shared))
    return WhyView(
        person=reference(replica, person),
        listing=listing,
        relation=relation_to(replica, person).value,
        regard=_path(replica, regard),
        reach=_path(replica, reach),
        needs=needs / limits.WEIGHT_MAX if needs else None,
        breaks=ended_by,
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
