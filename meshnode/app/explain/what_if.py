"""Computes what a vouch, a block or a change of sharing would change: who would gain and lose sight of what.

Both directions are computed, as far as this node knows: who sees what the owner shares, and whose listings the owner can
be shown. The policy is edited as if it were to be signed, but only put into a copy of the graph; nothing is signed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct, field

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.catalog.ids import listing_id
from meshnode.app.catalog.sight import AT_ALL
from meshnode.app.explain.audience import closest_first
from meshnode.app.explain.world import PEOPLE_OF_A_STEP, World
from meshnode.app.listings.view import body_of
from meshnode.app.naming import PersonRef, find, name_of
from meshnode.app.owner import places, policy
from meshnode.app.owner import preference as sharing
from meshnode.app.people import blocks, people
from meshnode.replica.access import Access, access_key
from meshnode.replica.replica import Replica
from meshnode.slices import Steps, undisturbed
from meshnode.store import RecordState
from protocol import Audience, Kind, PersonId, Precision, RecordId, person_text
from protocol.trust import ListingFacts

NAMED = 5  # listings named for each person; all are counted


class SeenListing(Struct, frozen=True):
    """A listing, by id and title."""

    id: str
    title: str


class SightView(Struct, frozen=True):
    """A person between whom and you visibility would change; `relation` is what they are to you while it lasts.

    `listings` names some of the listings concerned, `count` says how many there are. `usual` says that it also holds for
    listings that follow their author's sharing preference, whether there are any now or not.
    """

    person: PersonRef
    relation: str
    listings: tuple[SeenListing, ...]
    count: int
    usual: bool


class WhatIfView(Struct, frozen=True):
    """The people who would gain and lose sight: `viewers` of your posts, and `authors` whose posts you could be shown.

    Only listings that this node holds are counted; people who are not in the web of trust yet are left out.
    """

    viewers_gained: tuple[SightView, ...]
    viewers_lost: tuple[SightView, ...]
    authors_gained: tuple[SightView, ...]
    authors_lost: tuple[SightView, ...]


# --- what may be asked about -----------------------------------------------------------------------------------------


def vouch(replica: Replica, catalog: Catalog, who: str, trust: float) -> Steps[WhatIfView]:
    """Return what vouching for the person `who` names would change. Raises what vouching would raise."""
    weight = people.per_mille(trust)
    subject = find(replica, who)
    people.check_vouch(replica, subject)
    return (yield from _compare(replica, catalog, policy.vouching(subject, weight), places.published(replica)))


def unvouch(replica: Replica, catalog: Catalog, who: str) -> Steps[WhatIfView]:
    """Return what taking back the vouch for the person `who` names would change."""
    edit = policy.vouching(people.vouched(replica, who), 0)
    return (yield from _compare(replica, catalog, edit, places.published(replica)))


def block(replica: Replica, catalog: Catalog, who: str) -> Steps[WhatIfView]:
    """Return what blocking the person `who` names would change. Raises what blocking would raise."""
    edit = policy.blocking(replica.me, blocks.to_block(replica, who), blocked=True)
    return (yield from _compare(replica, catalog, edit, places.published(replica)))


def unblock(replica: Replica, catalog: Catalog, who: str) -> Steps[WhatIfView]:
    """Return what ending the block of the person `who` names would change."""
    edit = policy.blocking(replica.me, blocks.blocked(replica, who), blocked=False)
    return (yield from _compare(replica, catalog, edit, places.published(replica)))


def share(replica: Replica, catalog: Catalog, wanted: sharing.SharingChange) -> Steps[WhatIfView]:
    """Return what this change of sharing would change. Raises what making it would raise."""
    after = sharing.checked(replica, wanted)
    place = places.place_after(replica, wanted.place, Precision(after.precision), none=wanted.no_place)
    return (yield from _compare(replica, catalog, policy.preferring(after), place))


# --- comparing -------------------------------------------------------------------------------------------------------


class _Change(Struct):
    """The changes for one person."""

    listings: list[SeenListing] = field(default_factory=list)
    count: int = 0
    usual: bool = False


_Changes = dict[PersonId, _Change]


def _compare(replica: Replica, catalog: Catalog, edit: policy.Edit, place: str | None) -> Steps[WhatIfView]:
    """Return what differs between the world as it is and the one after `edit` with the owner at that published place."""
    catalog.catch_up()
    return (yield from undisturbed(lambda: _state(replica, catalog), lambda: _compared(replica, catalog, edit, place)))


def _state(replica: Replica, catalog: Catalog) -> tuple[int, int, int]:
    """Return numbers that change with everything that a comparison depends on."""
    return replica.trust_state.version, catalog.generation, catalog.noted


def _compared(replica: Replica, catalog: Catalog, edit: policy.Edit, place: str | None) -> Steps[WhatIfView]:
    catalog.catch_up()
    now = World.known(replica)
    then = now.with_policy(policy.policy_after(replica, edit), place)
    yield
    yield from now.searching()
    yield from then.searching()
    viewers_gained, viewers_lost = yield from _viewers(replica, now, then)
    authors_gained, authors_lost = yield from _authors(replica, catalog, now, then)
    return WhatIfView(
        viewers_gained=(yield from _views(replica, then, viewers_gained)),
        viewers_lost=(yield from _views(replica, now, viewers_lost)),
        authors_gained=(yield from _views(replica, then, authors_gained)),
        authors_lost=(yield from _views(replica, now, authors_lost)),
    )


def _viewers(replica: Replica, now: World, then: World) -> Steps[tuple[_Changes, _Changes]]:
    """Return who would see more, and who less, of what the owner shares. The rule is asked once for equal facts."""
    me, precision = replica.me, Precision(then.preference(replica.me).precision)
    alike: dict[tuple[ListingFacts, ListingFacts], list[SeenListing]] = {}
    for record, body in places.own_listings(replica):
        header = record.header
        published = places.at_precision(replica, header.slot, body.place, precision)
        pair = (
            _decisive(now.facts(me, header.audience, body.place)),
            _decisive(then.facts(me, header.audience, published)),
        )
        alike.setdefault(pair, []).append(SeenListing(listing_id(me, header.slot), body.title))
    gained: _Changes = {}
    lost: _Changes = {}
    usual = _decisive(now.facts(me, Audience.FOLLOWS, None)), _decisive(then.facts(me, Audience.FOLLOWS, None))
    for (before, after), listings in {usual: [], **alike}.items():
        seen = yield from now.viewers(before)
        would_see = yield from then.viewers(after)
        for changes, persons in ((gained, would_see - seen), (lost, seen - would_see)):
            for person in persons:
                change = changes.setdefault(person, _Change())
                change.listings += listings[: NAMED - len(change.listings)]
                change.count += len(listings)
                change.usual |= (before, after) == usual
    return gained, lost


def _decisive(facts: ListingFacts) -> ListingFacts:
    """Return the facts without the place where it decides nothing: fewer differ then, and the rule is asked less often."""
    return facts if _needs_place(facts) else facts._replace(place=None)


def _needs_place(facts: ListingFacts) -> bool:
    """Whether the place may decide who may have such a listing."""
    return facts.audience == Audience.ANYONE_LOCAL


def _authors(replica: Replica, catalog: Catalog, now: World, then: World) -> Steps[tuple[_Changes, _Changes]]:
    """Return whose listings the owner could see only after the change, and whose only before."""
    gained: _Changes = {}
    lost: _Changes = {}

    def compare(author: PersonId, audience: int, place: str | None) -> _Change | None:
        seen = now.shows_me(author, now.facts(author, audience, place))
        would_see = then.shows_me(author, then.facts(author, audience, place))
        return None if seen == would_see else (gained if would_see else lost).setdefault(author, _Change())

    for number, author in enumerate(now.webs_of_others | then.webs_of_others):
        change = compare(author, Audience.FOLLOWS, None)
        if change is not None:
            change.usual = True
        if number % PEOPLE_OF_A_STEP == 0:
            yield
    for number, alike in enumerate(_alike(replica, catalog, now, then)):
        if number % PEOPLE_OF_A_STEP == 0:
            yield
        if alike is None:
            continue
        change = compare(alike.author, alike.audience, alike.place)
        if change is not None:
            change.count += len(alike.records)
            change.listings += _named(replica, alike.records[: NAMED - len(change.listings)])
    return gained, lost


class _Alike(NamedTuple):
    """Listings of somebody else that the owner may have, on which the rule gives one answer."""

    author: PersonId
    audience: int
    place: str | None
    records: list[RecordId]


def _alike(replica: Replica, catalog: Catalog, now: World, then: World) -> Iterator[_Alike | None]:
    """Yield the listings that the owner could be shown before or after; None after some work that has found none."""
    shown = catalog.index.flags(catalog.sights.of(AT_ALL).visible)
    for bucket in catalog.buckets():
        author, audience = bucket.author, bucket.audience
        by_place: dict[str | None, list[RecordId]] = {}
        for entry in bucket.entries:
            if shown[entry.doc_id]:
                place = catalog.details.place(entry.doc_id)
                facts = (world.facts(author, audience, place) for world in (now, then))
                decisive = place if any(map(_needs_place, facts)) else None
                by_place.setdefault(decisive, []).append(entry.record)
        yield from (_Alike(author, audience, place, records) for place, records in by_place.items())
        yield None
    for author in catalog.authors_not_shown():
        if then.shows_me(author, then.facts(author, Audience.NETWORK_WIDE, None)):
            yield from _of_author(replica, author)
        yield None


def _of_author(replica: Replica, author: PersonId) -> Iterator[_Alike]:
    """Yield the listings of somebody who is not in the catalog."""
    rows = replica.store.records.rows(kinds=(Kind.LISTING,), author=author, states=(RecordState.LIVE,))
    for row in rows:
        if replica.access.decide(replica.me, access_key(row)) is Access.ALLOW:
            yield _Alike(author, row.audience, row.place, [row.id])


def _named(replica: Replica, ids: list[RecordId]) -> list[SeenListing]:
    records = replica.store.records.get_many(ids)
    return [SeenListing(listing_id(r.header.author, r.header.slot), body_of(r).title) for r in records if r.body]


def _views(replica: Replica, world: World, changes: _Changes) -> Steps[tuple[SightView, ...]]:
    named = []
    for number, person in enumerate(changes):
        named.append((person, world.relation(person), name_of(replica, person)))
        if number % PEOPLE_OF_A_STEP == 0:
            yield
    views = []
    for number, (person, relation, name) in enumerate(closest_first(named)):
        change, ref = changes[person], PersonRef(person_text(person), name)
        views.append(SightView(ref, relation.value, tuple(change.listings), change.count, change.usual))
        if number % PEOPLE_OF_A_STEP == 0:
            yield
    return tuple(views)
