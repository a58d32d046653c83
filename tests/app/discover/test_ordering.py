"""After any series of acts, pages of a search, the news and the map have what sorting everything puts there."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, count
from typing import Any
from zlib import crc32

import pytest

from meshnode.app.catalog.ids import listing_id, listing_key
from meshnode.app.discover import nearby, news, watches
from meshnode.app.discover.discover import SHOWN_MAX
from meshnode.app.listings import lifecycle, listings
from meshnode.app.listings.view import ListingView
from meshnode.app.owner.places import Coordinates
from meshnode.app.owner.profile import set_profile
from meshnode.app.people import people as people_cases
from meshnode.app.words import PART_MIN, searchable, words_of
from meshnode.errors import MeshnodeError
from meshnode.slices import complete
from protocol import Kind, Precision, Record, coarse, distance_km
from tests.app.neighbors import Neighbor
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]
Key = tuple[object, ...]

WORDS = ("apple", "apples", "bread", "bike", "bob")
PLACES = (None, Coordinates(52.52, 13.40), Coordinates(52.53, 13.42), Coordinates(52.60, 13.60))
ACTS = 40
ALL: dict[str, Any] = {"trust": 0.1, "anywhere": True}


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make steps, and what is kept beside what is shown, as small as they can be."""
    for name in ("ordering.STEP_RANKED", "news.STEP_SEEN"):
        monkeypatch.setattr(f"meshnode.app.discover.{name}", 3)
    monkeypatch.setattr("meshnode.app.discover.ordering.SPARE", 1)
    monkeypatch.setattr("meshnode.app.discover.nearby.RESULTS_MAX", 6)


@dataclass(frozen=True)
class Sighted:
    """A listing that the owner can see, as it is shown and as it is stored."""

    view: ListingView
    record: Record
    cell: str | None
    km: float

    @property
    def calm(self) -> bool:
        return self.view.urgency != "emergency"

    @property
    def key(self) -> int:
        """The number by which the store knows it."""
        return listing_key(self.record.header.author, self.record.header.slot)

    @property
    def title_hash(self) -> int:
        return crc32(searchable(self.view.title).encode())

    @property
    def newest(self) -> Key:
        return -self.view.created, self.record.id

    def tier(self, sought: list[str]) -> int | None:
        """Return where it has the words: 0 in the title, 1 elsewhere, 2 inside other words, None nowhere."""
        title, author = words_of(self.view.title), words_of(self.view.author.name)
        everywhere = [*title, *author, *words_of(self.view.text)]

        def begins(words: list[str], part: str) -> bool:
            return any(word.startswith(part) for word in words)

        def has(part: str) -> bool:
            return begins(everywhere, part) or (len(part) >= PART_MIN and any(part in word for word in everywhere))

        by_author = bool(sought) and all(begins(author, part) for part in sought)
        if all(begins([*title, *author], part) for part in sought) and not by_author:
            return 0
        if all(begins(everywhere, part) for part in sought):
            return 1
        return 2 if all(map(has, sought)) else None


def everything(alice: Neighbor) -> list[Sighted]:
    """Return all that the owner can see, by looking at each of them."""
    records = {
        listing_id(record.header.author, record.header.slot): record
        for record in alice.replica.store.records.bodies(Kind.LISTING)
    }
    here = alice.replica.trust_state.published_place(alice.person)
    found = []
    for view in alice.discover(limit=SHOWN_MAX, **ALL).results:
        record = records[view.id]
        cell = view.place.cell if view.place else alice.replica.trust_state.published_place(record.header.author)
        km = math.inf if here is None or cell is None else distance_km(here, cell)
        found.append(Sighted(view, record, cell, km))
    return found


ORDERS: dict[str, Callable[[Sighted, int], Key]] = {
    "best": lambda one, tier: (tier == 2, one.calm, tier != 0, -round((one.view.trust or 0) * 10), one.km, one.newest),
    "near": lambda one, tier: (tier == 2, one.km, one.newest),
    "new": lambda one, tier: (tier == 2, one.newest),
    "trust": lambda one, tier: (tier == 2, -(one.view.trust or 0), one.km, one.newest),
}
"""The sort keys by order."""


def in_order(found: list[Sighted], sort: str, words: str) -> list[str]:
    """Return the ids of what has these words, by sorting all of it."""
    tiers = {one.view.id: one.tier(words_of(words)) for one in found}
    matches = [one for one in found if tiers[one.view.id] is not None]
    return [one.view.id for one in sorted(matches, key=lambda one: ORDERS[sort](one, tiers[one.view.id] or 0))]


def act(chance: random.Random, mesh: Mesh, people: People) -> None:
    """Do something that changes what the first of these people sees."""
    alice, bob, carol = people
    author = chance.choice((bob, carol))
    numbers = count(chance.randrange(10**6))

    def post() -> None:
        author.post(
            f"{chance.choice(WORDS)} {next(numbers)}",
            text=chance.choice(WORDS),
            urgency=chance.choice(("normal", "normal", "emergency")),
            place=chance.choice(PLACES),
            audience=chance.choice(("network_wide", "trusted_network")),
        )

    def own() -> str:
        return chance.choice(listings.mine(author.replica, author.catalog).listings).id

    chance.choice(
        (
            post,
            post,
            post,
            post,
            lambda: mesh.advance(5),
            lambda: lifecycle.withdraw(author.replica, author.catalog, own()),
            lambda: listings.edit(
                author.replica, author.catalog, own(), listings.ListingEdit(title=f"bike {next(numbers)}")
            ),
            lambda: alice.hide(chance.choice(alice.discover(**ALL).results).id),
            lambda: people_cases.vouch(bob.replica, "Carol", chance.choice((0.2, 0.5, 0.9)), ()),
            lambda: set_profile(author.replica, place=chance.choice((None, coarse(52.5, 13.4, Precision.CITY)))),
            lambda: set_profile(alice.replica, place=coarse(52.5, chance.choice((13.4, 13.5)), Precision.EXACT)),
            lambda: complete(
                news.look(alice.replica, alice.catalog, alice.watcher, news.NewsLook(chance.randrange(1, 4)))
            ),
        )
    )()


@pytest.mark.parametrize("seed", range(6))
def test_pages_news_and_map_have_what_sorting_everything_puts_there(mesh: Mesh, people: People, seed: int) -> None:
    chance = random.Random(seed)
    alice, *_ = people
    alice.watch("bread", **ALL)
    for _ in range(ACTS):
        try:
            act(chance, mesh, people)
        except (MeshnodeError, IndexError):
            continue  # there is nothing yet to withdraw, to edit or to hide
        mesh.settle()
        found = everything(alice)
        sort, words = (
            chance.choice(tuple(ORDERS)),
            " ".join(chance.sample(("app", "bike", "rea", "bob"), chance.randrange(3))),
        )
        pages = []
        for page in count(1):
            pages.append(alice.discover(words, sort=sort, limit=3, page=page, **ALL))
            if pages[-1].next is None:
                break
        assert [one.id for one in chain.from_iterable(page.results for page in pages)] == in_order(found, sort, words)
        check_news(alice, chance.randrange(1, 8))
        check_map(alice)


def check_news(alice: Neighbor, most: int) -> None:
    """Compare the news with all that was not shown before, in order: alerts first, then emergencies, then the newest."""
    shown = complete(news.peek(alice.replica, alice.catalog, alice.watcher, most))
    found = {one.view.id: one for one in everything(alice)}
    seen = alice.replica.store.discover.seen(one.key for one in found.values())
    saved = watches.watches(alice.replica, alice.catalog, alice.watcher).watches
    alerted = {alert.listing for watch in saved for alert in watch.alerts}
    in_view = [found[one.id] for one in alice.discover(limit=SHOWN_MAX).results]
    fresh = {one.view.id for one in in_view if one.key not in seen or seen[one.key].title_hash != one.title_hash}

    def key(id_: str) -> Key:
        one, is_first = found[id_], id_ in alerted
        is_urgent = not one.calm and id_ in fresh
        return not is_first, not is_urgent, -one.view.created, one.key if is_first else one.record.id

    assert [one.id for one in shown.results] == sorted(fresh | alerted, key=key)[:most]
    assert shown.total == len(fresh | alerted)


def check_map(alice: Neighbor) -> None:
    """Compare the map with the nearest of all that can be seen."""
    shown = complete(nearby.nearby(alice.replica, alice.catalog))
    nearest = in_order(found := everything(alice), "near", "")[: nearby.RESULTS_MAX]
    cells = {one.view.id: one.cell for one in found}
    placed = [id_ for id_ in nearest if cells[id_]]
    assert {area.place.cell: [one.id for one in area.listings] for area in shown.areas} == {
        cell: [id_ for id_ in placed if cells[id_] == cell][: nearby.NAMED] for cell in map(cells.get, placed)
    }
    assert sum(area.count for area in shown.areas) == len(placed)
    assert shown.unplaced == len(nearest) - len(placed)
