"""Shows the listings that came into view since the owner looked last, each of them once.

A listing is new until the owner was shown it as news, whether it was just posted, came from far away, or became visible
because the owner trusts its author now. A renewed or changed listing is news again only if its title is another. When more
is new than one look shows, the rest stays new.
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
from meshnode.app.waiting import WaitingCount, count
from meshnode.errors import StorageFull, Usage
from meshnode.replica.replica import Replica
from meshnode.store import Seen

SHOWN = 100
SHOWN_MAX = 1000


@dataclass(frozen=True, slots=True)
class NewsQuery:
    """The number of listings to show."""

    limit: int = SHOWN


@dataclass(frozen=True, slots=True)
class NewsLook:
    """The number of listings to show; with `clear`, none is shown and all count as seen."""

    limit: int = SHOWN
    clear: bool = False


@dataclass(frozen=True, slots=True)
class NewsView:
    """New listings: matches of your watches first, then emergencies, then the newest. There are `total` in all.

    `alerts` say which of the results match which watch. `waiting` counts the people and things that wait for you.
    """

    results: tuple[ListingView, ...]
    alerts: tuple[AlertView, ...]
    total: int
    waiting: WaitingCount


@dataclass(frozen=True, slots=True)
class _Fresh:
    """The first new listings in order, how many there are in all, and those seen before whose expiry has changed."""

    first: list[Entry]
    total: int
    renewed: list[Seen]


def peek(replica: Replica, catalog: Catalog, watcher: Watcher, limit: int = SHOWN) -> NewsView:
    """Return what is new, without noting that it was shown."""
    _check(limit)
    fresh = _fresh(replica, catalog, watcher, limit)
    return _view(replica, catalog, fresh.first, fresh.total)


def look(replica: Replica, catalog: Catalog, watcher: Watcher, how: NewsLook) -> NewsView:
    """Return what is new, and note that what is returned was shown."""
    _check(how.limit)
    fresh = _fresh(replica, catalog, watcher, None if how.clear else how.limit)
    news = _view(replica, catalog, [] if how.clear else fresh.first, fresh.total)
    if fresh.first or fresh.renewed:
        replica.store.discover.mark_seen(
            [*(entry.as_seen for entry in fresh.first), *fresh.renewed], replica.clock.now()
        )
        catalog.seen |= int(DocIds(entry.doc_id for entry in fresh.first))
    return news


def _check(limit: int) -> None:
    if not 1 <= limit <= SHOWN_MAX:
        raise Usage(f"limit goes from 1 to {SHOWN_MAX}")


def _fresh(replica: Replica, catalog: Catalog, watcher: Watcher, limit: int | None) -> _Fresh:
    with suppress(StorageFull):  # then the alerts of watches wait; reading still works
        watcher.evaluate()
    catalog.catch_up()
    candidates = list(search(replica, catalog, SearchQuery(), ~catalog.seen).everything())
    known = replica.store.discover.seen(entry.key for entry, _ in candidates)
    alerted = {alert.key for alert in replica.store.discover.alerts(replica.clock.now())}
    new: dict[int, tuple[bool, bool, int, int, Entry]] = {}
    seen = DocIds()
    renewed: list[Seen] = []
    for entry, bucket in candidates:
        before = known.get(entry.key)
        if before is None or before.title_hash != entry.title_hash:
            new[entry.key] = (entry.key not in alerted, not bucket.emergency, -entry.created, entry.key, entry)
            continue
        seen.add(entry.doc_id)
        if before.until != entry.expires:
            renewed.append(entry.as_seen)
    catalog.seen |= int(seen)
    for key, entry in catalog.entries_of(alerted - new.keys()).items():
        new[key] = (False, True, -entry.created, key, entry)  # by a watch with wider limits than news has
    ordered = sorted(new.values()) if limit is None else nsmallest(limit, new.values())
    return _Fresh([entry for *_, entry in ordered], len(new), renewed)


def _view(replica: Replica, catalog: Catalog, shown: list[Entry], total: int) -> NewsView:
    records = replica.store.records.get_many([entry.record for entry in shown])
    results = tuple(view(replica, record) for record in records if record.body)
    ids = {result.id for result in results}
    alerts = tuple(alert for alert in alerts_view(replica, catalog) if alert.listing in ids)
    return NewsView(results, alerts, total, count(replica))
