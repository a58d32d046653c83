"""Shows one page of what others share, in the order asked for, and counts what the viewer's own limits hide.

In every order, what has the words only inside other words comes last. In the order `best`, emergencies come first; then
titles that match the words before other matches; then people you trust more, in steps of a tenth; then what is nearer
(unknown distances last); then what is newer. Buckets are ranked as a whole, and only as many listings are sorted as are
shown.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

from meshnode.app.catalog.catalog import Bucket, Catalog, Entry, newest_first
from meshnode.app.discover.search import BucketVerdict, Matches, SearchQuery, Tier, check, search
from meshnode.app.listings.view import ListingView, view
from meshnode.errors import Usage
from meshnode.replica.replica import Replica

SHOWN = 100
SHOWN_MAX = 1000
PAGE_MAX = 10_000

Rank = tuple[float, ...]
"""The sort key of the matches of one bucket, smaller first. Among equals the newer comes first."""

# By name of an order, the rank from a bucket's verdict, whether it is no emergency, and whether no title matches.
ORDERS: dict[str, Callable[[BucketVerdict, bool, bool], Rank]] = {
    "best": lambda verdict, calm, elsewhere: (calm, elsewhere, -round(verdict.trust * 10), verdict.distance),
    "near": lambda verdict, _calm, _elsewhere: (verdict.distance,),
    "new": lambda _verdict, _calm, _elsewhere: (),
    "trust": lambda verdict, _calm, _elsewhere: (-verdict.trust, verdict.distance),
}


@dataclass(frozen=True, slots=True)
class DiscoverQuery(SearchQuery):
    """A search, and the page of it to show in one of the orders best, near, new and trust."""

    sort: str = "best"
    limit: int = SHOWN
    page: int = 1


@dataclass(frozen=True, slots=True)
class Discovery:
    """One page of results; there are `total` in all, and `hidden` more that only your trust or distance limits hide.

    `set_aside` more are left out because you have hidden them one by one. `next` is the number of the next page, null
    on the last.
    """

    results: tuple[ListingView, ...]
    hidden: int
    total: int
    set_aside: int
    next: int | None


def discover(replica: Replica, catalog: Catalog, query: DiscoverQuery) -> Discovery:
    """Return one page of what others share. Never waits for the network. Raises Usage for a search that makes no sense."""
    check(query)
    if query.sort not in ORDERS:
        raise Usage(f"{query.sort!r} is not an order", f"use one of {', '.join(ORDERS)}")
    if not 1 <= query.limit <= SHOWN_MAX:
        raise Usage(f"limit goes from 1 to {SHOWN_MAX}")
    if not 1 <= query.page <= PAGE_MAX:
        raise Usage(f"page goes from 1 to {PAGE_MAX}")
    matches = search(replica, catalog, query)
    end = query.page * query.limit
    chosen = ranked(matches, query.sort, end - query.limit, end)
    records = replica.store.records.get_many([entry.record for entry in chosen])
    return Discovery(
        results=tuple(view(replica, record) for record in records if record.body),
        hidden=matches.hidden,
        total=matches.total,
        set_aside=matches.set_aside,
        next=query.page + 1 if matches.total > end else None,
    )


def ranked(matches: Matches, order: str, first: int, end: int) -> list[Entry]:
    """Return the matches from number `first` to before `end` in this order. The others are not sorted."""
    ranks: dict[Rank, list[tuple[Bucket, bytes]]] = {}
    for tier in Tier:
        wanted = matches.flags(tier)
        for bucket, verdict in matches.buckets(tier):
            rank = ORDERS[order](verdict, not bucket.emergency, tier is not Tier.TITLE)
            ranks.setdefault((tier is Tier.PARTS, *rank), []).append((bucket, wanted))
    waiting = list(ranks)
    heapq.heapify(waiting)
    chosen: list[Entry] = []
    passed = 0
    while waiting and passed < end:
        equals = ranks[heapq.heappop(waiting)]
        entries = [entry for bucket, wanted in equals for entry in bucket.entries if wanted[entry.doc_id]]
        chosen += newest(entries, max(0, first - passed), end - passed)
        passed += len(entries)
    return chosen


def newest(entries: list[Entry], first: int, end: int) -> list[Entry]:
    """Return the entries from number `first` to before `end` in the order of a bucket."""
    if first >= len(entries):
        return []
    created = sorted(-entry.created for entry in entries)  # numbers are sorted quickly, entries are not
    most, least = created[first], created[min(end, len(created)) - 1]
    some = sorted((entry for entry in entries if most <= -entry.created <= least), key=newest_first)
    newer = bisect_left(created, most)
    return some[first - newer : end - newer]
