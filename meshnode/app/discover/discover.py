"""Shows one page of what others share, in the order asked for, and counts what the viewer's own limits hide.

In every order, what has the words only inside other words comes last. In the order `best`, emergencies come first; then
titles that match the words before other matches; then people you trust more, in steps of a tenth; then what is nearer
(unknown distances last); then what is newer. Buckets are ranked as a whole apart from distances, and only as many
listings are sorted as are shown.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.catalog.entries import Bucket, Entry
from meshnode.app.catalog.listing_index import NOTICE_BOARD
from meshnode.app.discover.search import Matches, SearchQuery, Tier, check, preparing, search
from meshnode.app.listings.view import ListingView, view
from meshnode.errors import Field, Usage
from meshnode.replica.replica import Replica
from meshnode.slices import Steps, undisturbed

Item = TypeVar("Item")
NEWEST: tuple[Callable[[Entry], Any], ...] = (lambda entry: -entry.created, lambda entry: entry.record)

STEP_RANKED = 10_000  # listings or buckets that are looked at in one step, some 5 ms
FEW_PART = 20  # below so small a part of all, the first are found more quickly than all are sorted
SHOWN = 100
SHOWN_MAX = 1000
PAGE_MAX = 10_000

Rank = tuple[float, ...]
"""The sort key of the matches of one bucket, smaller first."""


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


@dataclass(frozen=True, slots=True)
class DiscoverQuery(SearchQuery):
    """A search, and the page of it to show in one of the orders best, near, new and trust.

    `notice_board` finds only what its author allows others to put up in public.
    """

    notice_board: bool = False
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


def discover(replica: Replica, catalog: Catalog, query: DiscoverQuery) -> Steps[Discovery]:
    """Return one page of what others share. Never waits for the network. Raises Usage for a search that makes no sense."""
    check(query)
    if query.sort not in ORDERS:
        raise Usage(
            "{sort} is not an order",
            "use one of {words}",
            field=Field.SORT,
            sort=repr(query.sort),
            words=", ".join(ORDERS),
        )
    if not 1 <= query.limit <= SHOWN_MAX:
        raise Usage("limit goes from 1 to {shown_max}", field=Field.LIMIT, shown_max=SHOWN_MAX)
    if not 1 <= query.page <= PAGE_MAX:
        raise Usage("page goes from 1 to {page_max}", field=Field.PAGE, page_max=PAGE_MAX)
    yield from preparing(catalog, query)
    return (yield from undisturbed(lambda: _state(replica, catalog), lambda: _page(replica, catalog, query)))


def _state(replica: Replica, catalog: Catalog) -> object:
    """Return what changes with everything that a page depends on."""
    return replica.trust_state.version, catalog.generation, catalog.noted, catalog.hidden.bits()


def _page(replica: Replica, catalog: Catalog, query: DiscoverQuery) -> Steps[Discovery]:
    matches = search(catalog, query, catalog.index.of_kind(NOTICE_BOARD) if query.notice_board else -1)
    yield
    end = query.page * query.limit
    chosen = yield from ranked(catalog, matches, query.sort, end - query.limit, end)
    records = replica.store.records.get_many([entry.record for entry in chosen])
    return Discovery(
        results=tuple(view(replica, record) for record in records if record.body),
        hidden=matches.hidden,
        total=matches.total,
        set_aside=matches.set_aside,
        next=query.page + 1 if matches.total > end else None,
    )


def ranked(catalog: Catalog, matches: Matches, name: str, first: int, end: int) -> Steps[list[Entry]]:
    """Return the matches from number `first` to before `end` in the order of this name. The others are not sorted."""
    order = ORDERS[name]
    ranks: dict[Rank, list[tuple[Bucket, bytes]]] = {}
    for tier in Tier:
        wanted = matches.flags(tier)
        for number, bucket in enumerate(matches.buckets(tier)):
            trust = catalog.sights.author(bucket.author).trust
            rank = order.rank(trust, not bucket.emergency, tier is not Tier.TITLE)
            ranks.setdefault((tier is Tier.PARTS, *rank), []).append((bucket, wanted))
            if number % STEP_RANKED == STEP_RANKED - 1:
                yield
    waiting = list(ranks)
    heapq.heapify(waiting)
    chosen: list[Entry] = []
    passed = 0
    while waiting and passed < end:
        found, distances = yield from _with_distances(catalog, ranks[heapq.heappop(waiting)], measure=order.nearest)
        near = yield from some_of(found, distances, NEWEST, max(0, first - passed), end - passed)
        chosen += near
        passed += len(found)
    return chosen


def _with_distances(
    catalog: Catalog, buckets: list[tuple[Bucket, bytes]], *, measure: bool
) -> Steps[tuple[list[Entry], list[float]]]:
    """Return the entries of these buckets that are flagged, and their distances if these are to be measured."""
    found: list[Entry] = []
    distances: list[float] = []
    looked_at = 0
    for bucket, wanted in buckets:
        entries = [entry for entry in bucket.entries if wanted[entry.doc_id]]
        found += entries
        distances += catalog.sights.kms(bucket, entries) if measure else [0.0] * len(entries)
        looked_at += 1 + len(bucket.entries)
        if looked_at > STEP_RANKED:
            looked_at = 0
            yield
    return found, distances


def some_of(
    items: list[Item], values: list[Any], keys: Sequence[Callable[[Item], Any]], first: int, end: int
) -> Steps[list[Item]]:
    """Return the items from number `first` to before `end` in the order of `values`, among equals of the first key, and so on.

    Only values are sorted, which is quick, and then those items alone of which some are returned.
    """
    end = min(end, len(items))
    if first >= end:
        return []
    ordered = heapq.nsmallest(end, values) if end * FEW_PART < len(items) else sorted(values)[:end]
    yield
    least, most = ordered[first], ordered[-1]
    alike: dict[Any, list[Item]] = {}
    for item, value in zip(items, values, strict=True):
        if least <= value <= most:
            alike.setdefault(value, []).append(item)
    yield
    chosen: list[Item] = []
    passed = bisect_left(ordered, least)
    for value in sorted(alike):
        equals, before, until = alike[value], max(0, first - passed), end - passed
        if keys and len(equals) > 1:
            equals_values = list(map(keys[0], equals))
            yield
            chosen += yield from some_of(equals, equals_values, keys[1:], before, until)
        else:
            chosen += equals[before:until]
        passed += len(equals)
    return chosen
