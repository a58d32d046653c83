"""Puts the matches of a search in order, as far as they are shown: the others are looked at and never sorted.

In every order, what has the words only inside other words comes last. In the order `best`, emergencies come first; then
titles that match the words before other matches; then people you trust more, in steps of a tenth; then what is nearer
(unknown distances last); then what is newer.

Buckets are ranked as a whole. Inside a bucket the listings are in order already, but for those with a place of their own.
So a page is made by merging the buckets, and at most as many of these matter as there are listings up to its end.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from msgspec import Struct, field

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.catalog.entries import Bucket, Entry
from meshnode.app.discover.search import Matches, Tier
from meshnode.slices import Steps

STEP_RANKED = 10_000  # listings or buckets that are looked at in one step, some 5 ms
SPARE = 200  # runs that are kept beyond twice those that can matter, before they are sorted and the rest is dropped

Rank = tuple[float, ...]
"""The sort key of the matches of one bucket, smaller first."""
Place = tuple[float, int, bytes, Entry]
"""The place of a listing among those of its rank: by distance, then the newer first, then by the id of the record."""
Run = tuple[Place, Iterator[Place]]
"""Listings in order: the place of the first, and those of the others."""


class Order(NamedTuple):
    """An order: what ranks a bucket as a whole, and whether the nearer goes first among equals. Then the newer does."""

    rank: Callable[[float, bool, bool], Rank]
    """From the trust in the author, whether it is no emergency, and whether no title matches."""
    nearest: bool = True


ORDERS: dict[str, Order] = {
    "best": Order(lambda trust, calm, elsewhere: (calm, elsewhere, -round(trust * 10))),
    "near": Order(lambda _trust, _calm, _elsewhere: ()),
    "new": Order(lambda _trust, _calm, _elsewhere: (), nearest=False),
    "trust": Order(lambda trust, _calm, _elsewhere: (-trust,)),
}
URGENT_THEN_NEW = Order(lambda _trust, calm, _elsewhere: (calm,), nearest=False)
"""The order of the news."""


class _Equals(Struct, frozen=True):
    """The buckets of one rank, each with flags for those of its listings that match."""

    unplaced: list[tuple[Bucket, bytes, float]] = field(default_factory=list)
    """For their listings without a place of their own, with the kilometers to all of these; 0 where none are measured."""
    placed: list[tuple[Bucket, bytes]] = field(default_factory=list)


def ranked(catalog: Catalog, matches: Matches, order: Order, first: int, end: int) -> Steps[list[Entry]]:
    """Return the matches from number `first` to before `end` in this order."""
    by_rank = yield from _by_rank(catalog, matches, order)
    waiting = list(by_rank)
    heapq.heapify(waiting)
    chosen: list[Entry] = []
    passed = 0
    while waiting and passed < end:
        equals = by_rank[heapq.heappop(waiting)]
        runs = yield from _runs(catalog, equals, end - passed)
        while runs and passed < end:
            (*_, entry), rest = runs[0]
            if passed >= first:
                chosen.append(entry)
            passed += 1
            following = next(rest, None)
            if following is None:
                heapq.heappop(runs)
            else:
                heapq.heapreplace(runs, (following, rest))
            if passed % STEP_RANKED == 0:
                yield
    return chosen


def _by_rank(catalog: Catalog, matches: Matches, order: Order) -> Steps[dict[Rank, _Equals]]:
    """Return the buckets in which there are matches, by their rank."""
    found: dict[Rank, _Equals] = {}
    author = catalog.sights.author
    for tier in Tier:
        bits = matches.bits[tier]
        placed = bits & catalog.details.placed if order.nearest else 0
        # By trust and emergency: most buckets have a rank that others have.
        alike: dict[tuple[float, bool], _Equals] = {}
        for some, have_place in ((bits & ~placed, False), (placed, True)):
            wanted = matches.index.flags(some) if some else b""
            for number, bucket in enumerate(reversed(matches.index.buckets_of(some))):  # newer ones first, mostly
                facts, emergency = author(bucket.author), bucket.emergency
                equals = alike.get((facts.trust, emergency))
                if equals is None:
                    rank = (tier is Tier.PARTS, *order.rank(facts.trust, not emergency, tier is not Tier.TITLE))
                    equals = alike[facts.trust, emergency] = found.setdefault(rank, _Equals())
                if have_place:
                    equals.placed.append((bucket, wanted))
                else:
                    equals.unplaced.append((bucket, wanted, facts.km if order.nearest else 0.0))
                if number % STEP_RANKED == STEP_RANKED - 1:
                    yield
    return found


class _FirstRuns:
    """Keeps those runs in which the first `most` listings can be."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.runs: list[Run] = []
        self.limit: tuple[float, int] = (math.inf, 0)
        """A listing beyond this distance and time (negative) is none of the first."""

    def add(self, runs: Iterable[Run]) -> None:
        """Add runs, each of which begins within the limit."""
        self.runs.extend(runs)
        if len(self.runs) >= 2 * self._most + SPARE:
            self.runs.sort()
            del self.runs[self._most :]
            self.limit = self.runs[-1][0][:2]


def _runs(catalog: Catalog, equals: _Equals, most: int) -> Steps[list[Run]]:
    """Return, as a heap, the runs in which the first `most` of these listings are."""
    first = _FirstRuns(most)
    looked_at = 0
    for bucket, wanted, km in equals.unplaced:
        if km <= first.limit[0] and (km, -bucket.entries[0].created) <= first.limit:
            run = _run(bucket, wanted, km)
            first.add((head, run) for head in islice(run, 1))
            looked_at += len(bucket.entries)
        looked_at += 1
        if looked_at > STEP_RANKED:
            looked_at = 0
            yield
    nothing: Iterator[Place] = iter(())
    for bucket, wanted in equals.placed:
        entries = [entry for entry in bucket.entries if wanted[entry.doc_id]]
        limit = first.limit
        first.add(
            ((km, -entry.created, entry.record, entry), nothing)
            for entry, km in zip(entries, catalog.sights.kms(entries), strict=True)
            if km <= limit[0] and (km, -entry.created) <= limit
        )
        looked_at += 1 + len(bucket.entries)
        if looked_at > STEP_RANKED:
            looked_at = 0
            yield
    heapq.heapify(first.runs)
    return first.runs


def _run(bucket: Bucket, wanted: bytes, km: float) -> Iterator[Place]:
    return ((km, -entry.created, entry.record, entry) for entry in bucket.entries if wanted[entry.doc_id])
