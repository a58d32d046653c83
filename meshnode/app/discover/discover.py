"""Discovering what others share: what the one rule and the viewer's own wishes leave, ranked, and how much they hide.

The best come first in this order: emergencies; titles that match the words before other matches; people you trust
more, in steps of a tenth; nearer (unknown distances last); newer. It is decided shelf by shelf, and only as many
listings are sorted as are shown.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter

from meshnode.app.catalog.catalog import Catalog, Entry, newest_first
from meshnode.app.discover.search import BucketVerdict, Matches, SearchQuery, check, search
from meshnode.app.listings.view import ListingView, view
from meshnode.errors import Usage
from meshnode.replica.replica import Replica

SHOWN = 100
SHOWN_MAX = 1000
PAGE_MAX = 10_000

Rank = tuple[float, ...]
"""What all matches of one shelf share in an order; smaller comes first. Among equals the newer comes first."""

ORDERS: dict[str, Callable[[BucketVerdict, bool, bool], Rank]] = {
    "best": lambda opinion, calm, elsewhere: (calm, elsewhere, -round(opinion.trust * 10), opinion.distance),
    "near": lambda opinion, _calm, _elsewhere: (opinion.distance,),
    "new": lambda _opinion, _calm, _elsewhere: (),
    "trust": lambda opinion, _calm, _elsewhere: (-opinion.trust, opinion.distance),
}


@dataclass(frozen=True, slots=True)
class DiscoverQuery(SearchQuery):
    """A search of which one page is shown, in one of the orders best, near, new and trust."""

    sort: str = "best"
    limit: int = SHOWN
    page: int = 1


@dataclass(frozen=True, slots=True)
class Discovery:
    """One page of results; `total` of them there are, and `hidden` more that only your trust or distance limits hide.

    `set_aside` more are left out because you have hidden them one by one. `next` is the number of the next page, null
    on the last.
    """

    results: tuple[ListingView, ...]
    hidden: int
    total: int
    set_aside: int
    next: int | None


def discover(replica: Replica, catalog: Catalog, query: DiscoverQuery) -> Discovery:
    """Look for what others share. Never waits for the network."""
    check(query)
    if query.sort not in ORDERS:
        raise Usage(f"{query.sort!r} is not an order", f"the orders are {', '.join(ORDERS)}")
    if not 1 <= query.limit <= SHOWN_MAX:
        raise Usage(f"limit goes from 1 to {SHOWN_MAX}")
    if not 1 <= query.page <= PAGE_MAX:
        raise Usage(f"page goes from 1 to {PAGE_MAX}")
    matches = search(replica, catalog, query)
    end = query.page * query.limit
    chosen = islice(ranked(matches, query.sort), end - query.limit, end)
    records = replica.store.records.get_many([entry.record for entry in chosen])
    return Discovery(
        results=tuple(view(replica, record) for record in records if record.body),
        hidden=matches.hidden,
        total=matches.total,
        set_aside=matches.set_aside,
        next=query.page + 1 if matches.total > end else None,
    )


def ranked(matches: Matches, order: str) -> Iterator[Entry]:
    """All matches in this order; sorted only as far as they are asked for."""
    parts: list[tuple[Rank, Iterator[Entry]]] = []
    for match in matches.shown:
        for count, elsewhere in ((match.in_title, False), (match.elsewhere, True)):
            if count:
                rank = ORDERS[order](match.opinion, not match.bucket.emergency, elsewhere)
                parts.append((rank, matches.entries(match, elsewhere=elsewhere)))
    parts.sort(key=itemgetter(0))
    for _, equals in groupby(parts, key=itemgetter(0)):
        yield from heapq.merge(*(entries for _, entries in equals), key=newest_first)
