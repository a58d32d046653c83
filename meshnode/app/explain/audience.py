"""Lists who can see a listing, by the visibility rule and as far as this node knows: one posted, or one not yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.explain.world import World
from meshnode.app.listings.listings import ListingDraft, ListingEdit, change, find, prepare
from meshnode.app.listings.view import body_of
from meshnode.app.naming import name_of
from meshnode.replica.replica import Replica
from protocol import Audience, PersonId, person_text
from protocol.trust import Relation


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person who can see it, and what they are to you."""

    id: str
    name: str
    relation: str


@dataclass(frozen=True, slots=True)
class AudienceView:
    """Everybody known here who can see a listing of yours, the closest first. There are `count`, without you.

    `audience` is the one in effect; `radius_km` is how far `anyone_local` reaches, null for others.
    """

    people: tuple[Viewer, ...]
    count: int
    audience: str
    radius_km: int | None


def audience(replica: Replica, catalog: Catalog, which: str) -> AudienceView:
    """Return who can see the own listing that `which` names. Raises NotFound or Ambiguous as `find` does."""
    record = find(replica, catalog, which, own_only=True)
    return _view(replica, record.header.audience, body_of(record).place)


def preview(replica: Replica, draft: ListingDraft) -> AudienceView:
    """Return who could see `draft` if it were posted now. Raises what posting it would raise."""
    new = prepare(replica, draft)
    return _view(replica, new.audience, new.body.place)


def preview_edit(replica: Replica, catalog: Catalog, which: str, changes: ListingEdit) -> AudienceView:
    """Return who could see the own listing that `which` names after these changes. Raises what `edit` would raise."""
    after = change(replica, find(replica, catalog, which, own_only=True), changes)
    return _view(replica, after.audience, after.body.place)


def ordered(replica: Replica, world: World, people: Iterable[PersonId]) -> list[tuple[PersonId, Relation, str]]:
    """Return people with their relation to the owner in that world and their names, the closest first."""
    named = [(person, world.relation(person), name_of(replica, person)) for person in people]
    return sorted(named, key=lambda each: (_CLOSENESS[each[1]], each[2].casefold(), each[0]))


_CLOSENESS = {relation: rank for rank, relation in enumerate(Relation)}


def _view(replica: Replica, own_audience: int, place: str | None) -> AudienceView:
    world = World.known(replica)
    facts = world.facts(replica.me, own_audience, place)
    people = ordered(replica, world, world.viewers(facts))
    return AudienceView(
        people=tuple(Viewer(person_text(person), name, relation.value) for person, relation, name in people),
        count=len(people),
        audience=Audience(facts.audience).word,
        radius_km=facts.radius_km if facts.audience == Audience.ANYONE_LOCAL else None,
    )
