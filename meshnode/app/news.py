"""News: what came into view since the owner looked last, for whatever reason, each listing once.

New is what he was not shown as news yet: it was posted, it arrived from afar, or he came to trust its author. What is
renewed or changed inside is no news; what is called otherwise is. A look at more than fits takes note of those it shows.
"""

from __future__ import annotations

from dataclasses import dataclass

from meshnode.app.catalogue import Catalogue, Entry
from meshnode.app.replica import Replica
from meshnode.app.seeking import Sought, seek
from meshnode.app.shown import ListingView, view
from meshnode.app.watching import AlertView, Watcher, alerts_view
from meshnode.errors import Usage
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
    """All that is new, in order, and what is known anew of what was seen before."""

    entries: list[Entry]
    renewed: list[Seen]


def peek(replica: Replica, catalogue: Catalogue, watcher: Watcher, limit: int = SHOWN) -> NewsView:
    """What is new; it stays new."""
    _check(limit)
    fresh = _fresh(replica, catalogue, watcher)
    return _view(replica, catalogue, fresh.entries[:limit], len(fresh.entries))


def look(replica: Replica, catalogue: Catalogue, watcher: Watcher, how: NewsLook) -> NewsView:
    """What is new; what is shown of it is so no more."""
    _check(how.limit)
    fresh = _fresh(replica, catalogue, watcher)
    shown = fresh.entries if how.clear else fresh.entries[: how.limit]
    told = _view(replica, catalogue, [] if how.clear else shown, len(fresh.entries))
    if shown or fresh.renewed:
        replica.store.finding.mark_seen([*(entry.mark for entry in shown), *fresh.renewed], replica.clock.now())
    return told


def _check(limit: int) -> None:
    if not 1 <= limit <= SHOWN_MAX:
        raise Usage(f"limit goes from 1 to {SHOWN_MAX}")


def _fresh(replica: Replica, catalogue: Catalogue, watcher: Watcher) -> _Fresh:
    watcher.evaluate()
    seen = replica.store.finding.seen()
    alerted = {alert.key for alert in replica.store.finding.alerts(replica.clock.now())}
    new: dict[int, tuple[bool, Entry]] = {}
    renewed: list[Seen] = []
    for entry, shelf in seek(replica, catalogue, Sought()).everything():
        mark = entry.mark
        before = seen.get(mark.key)
        if before is None or before.said != mark.said:
            new[mark.key] = (not shelf.emergency, entry)
        elif before.until != mark.until:
            renewed.append(mark)
    for key, entry in catalogue.entries_of(alerted - new.keys()).items():
        new[key] = (True, entry)  # found by a watch that looks further than news does
    order = sorted(new.items(), key=lambda item: (item[0] not in alerted, item[1][0], -item[1][1].created, item[0]))
    return _Fresh([entry for _, (_, entry) in order], renewed)


def _view(replica: Replica, catalogue: Catalogue, shown: list[Entry], total: int) -> NewsView:
    records = replica.store.records.get_many([entry.record for entry in shown])
    results = tuple(view(replica, record) for record in records if record.body)
    ids = {result.id for result in results}
    alerts = tuple(alert for alert in alerts_view(replica, catalogue) if alert.listing in ids)
    return NewsView(results, alerts, total)
