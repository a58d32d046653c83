"""News: what came into view since the owner looked last, for whatever reason, each listing once.

New is what he was not shown as news yet: it was posted, it arrived from afar, or he came to trust its author. What is
renewed or changed inside is no news; what is called otherwise is. A look at more than fits takes note of those it shows.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from heapq import nsmallest

from meshnode.app.catalog.catalog import Catalog, Entry
from meshnode.app.catalog.word_index import DocIds
from meshnode.app.discover.search import SearchQuery, search
from meshnode.app.discover.watches import AlertView, Watcher, alerts_view
from meshnode.app.listings.view import ListingView, view
from meshnode.errors import StorageFull, Usage
from meshnode.replica.replica import Replica
from meshnode.store import Seen

SHOWN = 100
SHOWN_MAX = 1000


@dataclass(frozen=True, slots=True)
class NewsQuery:
    """How much to show."""

    limit: int = SHOWN


@dataclass(frozen=True, slots=True)
class NewsLook:
    """How much to show; with `clear`, show nothing and take all for seen."""

    limit: int = SHOWN
    clear: bool = False


@dataclass(frozen=True, slots=True)
class NewsView:
    """What is new: what your watches look out for first, then emergencies, then the newest; `total` of it there are.

    `alerts` say which of the results your watches look out for.
    """

    results: tuple[ListingView, ...]
    alerts: tuple[AlertView, ...]
    total: int


@dataclass(frozen=True, slots=True)
class _Fresh:
    """What is new: the first of it in order, how much there is in all, and what was seen before and lives longer now."""

    first: list[Entry]
    total: int
    renewed: list[Seen]


def peek(replica: Replica, catalog: Catalog, watcher: Watcher, limit: int = SHOWN) -> NewsView:
    """What is new; it stays new."""
    _check(limit)
    fresh = _fresh(replica, catalog, watcher, limit)
    return _view(replica, catalog, fresh.first, fresh.total)


def look(replica: Replica, catalog: Catalog, watcher: Watcher, how: NewsLook) -> NewsView:
    """What is new; what is shown of it is so no more."""
    _check(how.limit)
    fresh = _fresh(replica, catalog, watcher, None if how.clear else how.limit)
    told = _view(replica, catalog, [] if how.clear else fresh.first, fresh.total)
    if fresh.first or fresh.renewed:
        replica.store.discover.mark_seen([*(entry.mark for entry in fresh.first), *fresh.renewed], replica.clock.now())
        catalog.told |= int(DocIds(entry.place for entry in fresh.first))
    return told


def _check(limit: int) -> None:
    if not 1 <= limit <= SHOWN_MAX:
        raise Usage(f"limit goes from 1 to {SHOWN_MAX}")


def _fresh(replica: Replica, catalog: Catalog, watcher: Watcher, limit: int | None) -> _Fresh:
    with suppress(StorageFull):  # what watches found waits then; reading still works
        watcher.evaluate()
    catalog.catch_up()
    candidates = list(search(replica, catalog, SearchQuery(), ~catalog.told).everything())
    seen = replica.store.discover.seen(entry.key for entry, _ in candidates)
    alerted = {alert.key for alert in replica.store.discover.alerts(replica.clock.now())}
    new: dict[int, tuple[bool, bool, int, int, Entry]] = {}
    told = DocIds()
    renewed: list[Seen] = []
    for entry, bucket in candidates:
        before = seen.get(entry.key)
        if before is None or before.title_hash != entry.said:
            new[entry.key] = (entry.key not in alerted, not bucket.emergency, -entry.created, entry.key, entry)
            continue
        told.add(entry.place)
        if before.until != entry.expires:
            renewed.append(entry.mark)
    catalog.told |= int(told)
    for key, entry in catalog.entries_of(alerted - new.keys()).items():
        new[key] = (False, True, -entry.created, key, entry)  # found by a watch that looks further than news does
    ordered = sorted(new.values()) if limit is None else nsmallest(limit, new.values())
    return _Fresh([entry for *_, entry in ordered], len(new), renewed)


def _view(replica: Replica, catalog: Catalog, shown: list[Entry], total: int) -> NewsView:
    records = replica.store.records.get_many([entry.record for entry in shown])
    results = tuple(view(replica, record) for record in records if record.body)
    ids = {result.id for result in results}
    alerts = tuple(alert for alert in alerts_view(replica, catalog) if alert.listing in ids)
    return NewsView(results, alerts, total)
