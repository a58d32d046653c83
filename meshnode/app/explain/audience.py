"""Lists who can see a listing, by the visibility rule and as far as this node knows: one posted, or one not yet."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.everybody import of_everybody
from meshnode.app.explain.world import World
from meshnode.app.listings.listings import ListingDraft, ListingEdit, change, find, prepare
from meshnode.app.listings.view import body_of
from meshnode.app.naming import name_of
from meshnode.replica.replica import Replica
from meshnode.slices import Steps
from protocol import Audience, PersonId, person_text
from protocol.trust import ListingFacts, Relation


class Viewer(Struct, frozen=True):
    """A person who can see it, and what they are to you."""

    id: str
    name: str
    relation: str


class AudienceView(Struct, frozen=True):
    """Everybody known here who can see a listing of yours, the closest first. There are `count`, without you.

    `audience` is the one in effect; `radius_km` is how far `anyone_local` reaches, null for others.
    """

    people: tuple[Viewer, ...]
    count: int
    audience: str
    radius_km: int | None


def audience(replica: Replica, catalog: Catalog, which: str) -> Steps[AudienceView]:
    """Return who can see the own listing that `which` names. Raises NotFound or Ambiguous as `find` does."""
    record = find(replica, catalog, which, own_only=True)
    return (yield from _view(replica, record.header.audience, body_of(record).place))


def preview(replica: Replica, draft: ListingDraft) -> Steps[AudienceView]:
    """Return who could see `draft` if it were posted now. Raises what posting it would raise."""
    new = prepare(replica, draft)
    return (yield from _view(replica, new.audience, new.body.place))


def preview_edit(replica: Replica, catalog: Catalog, which: str, changes: ListingEdit) -> Steps[AudienceView]:
    """Return who could see the own listing that `which` names after these changes. Raises what `edit` would raise."""
    after = change(replica, find(replica, catalog, which, own_only=True), changes)
    return (yield from _view(replica, after.audience, after.body.place))


def closest_first(named: Iterable[tuple[PersonId, Relation, str]]) -> list[tuple[PersonId, Relation, str]]:
    """Return people, each with the relation to the owner and the name, with the closest first."""
    return sorted(named, key=lambda each: (_CLOSENESS[each[1]], each[2].casefold(), each[0]))


_CLOSENESS = {relation: rank for rank, relation in enumerate(Relation)}


def _view(replica: Replica, own_audience: int, place: str | None) -> Steps[AudienceView]:
    world = World.known(replica)

    def known_now() -> World:
        nonlocal world
        if world.version != replica.trust_state.version:
            world = World.known(replica)
        return world

    def viewer(person: PersonId) -> tuple[PersonId, Relation, str] | None:
        if not world.sees_mine(person, facts()):
            return None
        relation, name = world.relation(person), name_of(replica, person)
        shown[person] = Viewer(person_text(person), name, relation.value)
        return person, relation, name

    shown: dict[PersonId, Viewer] = {}

    def facts() -> ListingFacts:
        return world.facts(replica.me, own_audience, place)

    def given() -> object:
        return facts(), dict(replica.store.own_names.all())

    found = yield from of_everybody(replica, lambda: known_now().my_web, viewer, given)
    people = closest_first(each for each in found.values() if each is not None)
    return AudienceView(
        people=tuple(shown[person] for person, _, _ in people),
        count=len(people),
        audience=Audience(facts().audience).word,
        radius_km=facts().radius_km if facts().audience == Audience.ANYONE_LOCAL else None,
    )
