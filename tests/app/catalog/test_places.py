"""Listings that all have a place, or a policy version, of their own: each is judged rightly, once, and in few bytes."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshnode.app.catalog import sight
from meshnode.app.catalog.catalog import Catalog
from meshnode.app.catalog.details import Details
from meshnode.app.discover.discover import DiscoverQuery, discover
from meshnode.app.discover.search import preparing
from meshnode.app.listings.view import body_of
from meshnode.app.owner import policy
from meshnode.app.owner.places import here, preference_of, published
from meshnode.replica.access import Access, access_key
from meshnode.slices import complete
from meshnode.store import RecordState
from protocol import Audience, Kind, Precision, coarse, distance_km, parse_person
from protocol.trust import Verdict, Wish, listing_facts, visible
from tests.support.changing_world import PEOPLE, World
from tests.support.mesh import EPOCH

HOME = coarse(52.5, 13.4, Precision.EXACT)
WISHES = (
    (DiscoverQuery(limit=1000), Wish()),
    (DiscoverQuery(trust=0.1, anywhere=True, limit=1000), Wish(min_regard=100, within_km=inf)),
    (DiscoverQuery(trust=0.5, within=20, limit=1000), Wish(min_regard=500, within_km=20)),
)


def cells(chance: random.Random, count: int) -> list[str]:
    """Return places around the owner's, from next door to beyond all limits of distance."""
    spread = [chance.choice((0.01, 0.3, 1, 10)) for _ in range(count)]
    return [
        coarse(52.5 + chance.uniform(-one, one), 13.4 + chance.uniform(-one, one), chance.choice(list(Precision)))
        for one in spread
    ]


def crowd(world: World, count: int) -> None:
    """Let people post listings, each with a place and a policy version of its own."""
    for number, cell in enumerate(cells(world.rng, count)):
        place = cell if world.rng.random() < 0.8 else None
        audience = world.rng.choice((Audience.ANYONE_LOCAL, Audience.NETWORK_WIDE, Audience.FOLLOWS))
        version = world.rng.choice((0, 1, number, 100 + number))
        who = world.rng.choice(PEOPLE)
        world.put(
            who.listing(f"Post {number}", audience=audience, place=place, policy_version=version, now=EPOCH + number)
        )


def by_the_rule(world: World, wish: Wish) -> set[tuple[str, str]]:
    """Return whom and what the owner is shown, by asking the rule about each stored listing."""
    replica, found = world.replica, set()
    wish = Wish(wish.min_regard, wish.within_km, here(replica))
    rows = {row.id: row for row in replica.store.records.rows(kinds=(Kind.LISTING,), states=(RecordState.LIVE,))}
    for record in replica.store.records.bodies(Kind.LISTING):
        author, row = record.header.author, rows.get(record.id)
        if (
            row is None
            or author == replica.me
            or replica.access.decide(replica.me, access_key(row)) is not Access.ALLOW
        ):
            continue
        facts = listing_facts(
            row.audience,
            row.place,
            preference=preference_of(replica, author),
            author_place=replica.trust_state.published_place(author),
        )
        standing = replica.trust_state.standing(author, replica.me)
        if visible(facts, standing, viewer_place=published(replica), wish=wish) is Verdict.VISIBLE:
            found.add((author.hex(), body_of(record).title))
    return found


@pytest.mark.parametrize("seed", range(6))
def test_a_search_shows_what_the_rule_says_of_each_listing(seed: int) -> None:
    world = World(seed)
    crowd(world, 60)
    catalog = Catalog(world.replica)
    for _ in range(12):
        for query, wish in WISHES:
            shown = complete(discover(world.replica, catalog, query))
            found = {(parse_person(one.author.id).hex(), one.title) for one in shown.results}
            assert found == by_the_rule(world, wish)
            assert len(found) == shown.total
        world.move()


@pytest.mark.parametrize("seed", range(3))
def test_nearest_first_sorts_by_distance_alone(seed: int) -> None:
    world = World(seed)
    crowd(world, 60)
    catalog = Catalog(world.replica)
    everything = DiscoverQuery(trust=0.1, anywhere=True, sort="near", limit=1000)
    shown = complete(discover(world.replica, catalog, everything)).results
    distances = [inf if one.distance_km is None else one.distance_km for one in shown]
    assert distances == sorted(distances)


class Questions:
    """Counts the questions to the rule."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        plain = visible

        def counting(*arguments: Any, **named: Any) -> Verdict:
            self.asked += 1
            return plain(*arguments, **named)

        monkeypatch.setattr(sight, "visible", counting)

    def of(self, steps: Iterator[object]) -> int:
        """Return how many are asked in all steps."""
        before = self.asked
        for _ in steps:
            pass
        return self.asked - before


def test_each_listing_with_a_place_of_its_own_is_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world, questions = World(0), Questions(monkeypatch)
    replica, catalog, author, count = world.replica, Catalog(world.replica), PEOPLE[0], 300
    world.put(author.policy({replica.me: 900}, version=7, stamp=99, now=EPOCH))
    policy.vouch(replica, author.id, 900)
    complete(catalog.preparing())
    chance = random.Random(1)
    for number, place in enumerate(cells(chance, count)):
        record = author.listing(f"Chair {number}", place=place, policy_version=number % 8, now=EPOCH)
        assert replica.ingest.receive([record], author.id).kept
    wanted = DiscoverQuery(words="chair", trust=0.1, anywhere=True)
    assert count <= questions.of(preparing(catalog, wanted)) <= count + 2 * len(PEOPLE)
    assert questions.of(discover(replica, catalog, wanted)) == 0
    one_more = author.listing("Chair again", place=HOME, now=EPOCH)
    assert replica.ingest.receive([one_more], author.id).kept
    assert questions.of(discover(replica, catalog, wanted)) == 1
    assert len(catalog.buckets_by([author.id])) <= 2 + len(Audience)


@given(st.lists(st.none() | st.sampled_from(cells(random.Random(2), 40)), max_size=20), st.data())
def test_distances_that_are_kept_are_those_that_the_rule_computes(
    places: list[str | None], data: st.DataObject
) -> None:
    details = Details()
    for number, place in enumerate(places):
        details.add(place, number)
        if data.draw(st.booleans()):
            details.km(number, HOME)
    for number, place in enumerate(places):
        origin = data.draw(st.none() | st.sampled_from(cells(random.Random(3), 5)))
        km = None if place is None or origin is None else distance_km(place, origin)
        assert details.km(number, origin) == km
        assert (details.place(number), details.policy_version(number)) == (place, number)


def test_a_place_takes_up_less_than_a_hundred_bytes() -> None:
    details = Details()
    chance = random.Random(4)
    for place in cells(chance, 1000):
        details.add(place, 1)
    for number in range(1000):
        details.km(number, HOME)
    arrays = [getattr(details, name) for name in vars(details) if name != "_measured"]
    arrays += [measured for _, measured in details._measured.values()]
    assert sum(map(sys.getsizeof, arrays)) < 100 * 1000
