"""Shows the listings that came into view since the owner looked last, each of them once.

A listing is new until the owner was shown it as news, whether it was just posted, came from far away, or became visible
because the owner trusts its author now. A renewed or changed listing is news again only if its title is another. When more
is new than one look shows, the rest stays new.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import islice

from msgspec import Struct

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.catalog.entries import Entry
from meshnode.app.catalog.word_index import DocIds
from meshnode.app.discover import read_marks
from meshnode.app.discover.ordering import URGENT_THEN_NEW, ranked
from meshnode.app.discover.search import Matches, SearchQuery, preparing, search, state
from meshnode.app.discover.watches import AlertView, Watcher, alerts_view
from meshnode.app.listings.view import ListingView, view
from meshnode.app.waiting import WaitingCount, count
from meshnode.errors import Field, StorageFull, Usage
from meshnode.replica.replica import Replica
from meshnode.slices import Steps, undisturbed

SHOWN = 100
SHOWN_MAX = 1000
STEP_SEEN = 1000  # listings that are compared with those shown before, or marked as shown, in one step


class NewsQuery(Struct, frozen=True):
    """The number of listings to show."""

    limit: int = SHOWN


class NewsLook(Struct, frozen=True):
    """The number of listings to show; with `clear`, none is shown and all count as seen."""

    limit: int = SHOWN
    clear: bool = False


class NewsView(Struct, frozen=True):
    """New listings: matches of your watches first, then emergencies, then the newest. There are `total` in all.

    `alerts` say which of the results match which watch. `waiting` counts the people and things that wait for you.
    """

    results: tuple[ListingView, ...]
    alerts: tuple[AlertView, ...]
    total: int
    waiting: WaitingCount


class _Fresh(Struct, frozen=True):
    """The first new listings in order, and how many there are in all."""

    first: list[Entry]
    total: int


def peek(replica: Replica, catalog: Catalog, watcher: Watcher, limit: int = SHOWN) -> Steps[NewsView]:
    """Return what is new, without noting that it was shown."""
    _check(limit)
    yield from _preparing(replica, catalog, watcher)

    def news() -> Steps[NewsView]:
        fresh = yield from _fresh(replica, catalog, watcher, limit)
        return (yield from _view(replica, catalog, fresh))

    return (yield from undisturbed(lambda: _state(replica, catalog, watcher), news))


def look(replica: Replica, catalog: Catalog, watcher: Watcher, how: NewsLook) -> Steps[NewsView]:
    """Return what is new, and note that what is returned was shown; with `clear`, that all that is new was shown."""
    _check(how.limit)
    yield from _preparing(replica, catalog, watcher)

    def news() -> Steps[NewsView]:
        fresh = yield from _fresh(replica, catalog, watcher, how.limit)
        shown = yield from _view(replica, catalog, fresh)
        _mark(replica, catalog, fresh.first)
        return shown

    if how.clear:
        total = yield from _clear(replica, catalog, watcher)
        return (yield from _view(replica, catalog, _Fresh([], total)))
    return (yield from undisturbed(lambda: _state(replica, catalog, watcher), news))


def _state(replica: Replica, catalog: Catalog, watcher: Watcher) -> object:
    """Return what changes with everything that the news depends on."""
    return state(replica, catalog), catalog.shown.seen, watcher.raised


def _clear(replica: Replica, catalog: Catalog, watcher: Watcher) -> Steps[int]:
    """Note that all that is new was shown, some of it in each step; return how much it was at the beginning."""
    total = None
    while True:
        _evaluate(replica, catalog, watcher)
        yield
        new, alerted = _new(replica, catalog), _alerted(replica, catalog)
        some = {entry.doc_id: entry for entry, _ in islice(new.everything(), STEP_SEEN)}
        if total is None:
            total = new.total + sum(not new.has(entry.doc_id) for entry in alerted.values())
        _mark(replica, catalog, [*some.values(), *(one for one in alerted.values() if one.doc_id not in some)])
        if new.total <= STEP_SEEN:
            return total
        yield


def _check(limit: int) -> None:
    if not 1 <= limit <= SHOWN_MAX:
        raise Usage("limit goes from 1 to {shown_max}", field=Field.LIMIT, shown_max=SHOWN_MAX)


def _mark(replica: Replica, catalog: Catalog, shown: list[Entry]) -> None:
    """Note that these were shown, and that listings shown before last longer now."""
    renewed = catalog.shown.take_renewed()
    if shown or renewed:
        read_marks.note_shown(replica, [*(entry.as_seen for entry in shown), *renewed])
        catalog.shown.classify([entry.doc_id for entry in shown], seen=True)


def _preparing(replica: Replica, catalog: Catalog, watcher: Watcher) -> Steps[None]:
    """Take the steps that `_fresh` would have to take at once; when they are done, little is left to do."""
    yield from watcher.preparing()
    yield from preparing(catalog, SearchQuery())
    while (unknown := _unknown(catalog)).total:
        generation, entries = catalog.generation, unknown.everything()
        while some := [entry for entry, _ in islice(entries, STEP_SEEN)]:
            _classify(replica, catalog, some)
            yield
            if catalog.generation != generation:
                break


def _unknown(catalog: Catalog) -> Matches:
    """Return the listings of which only the store knows whether they were shown as news before."""
    return search(catalog, SearchQuery(), ~(catalog.shown.seen | catalog.shown.unseen))


def _classify(replica: Replica, catalog: Catalog, entries: list[Entry]) -> None:
    """Find out which of these listings were shown as news before."""
    by_key = {entry.key: entry for entry in entries}
    seen, renewed = [], []
    for key, known in replica.store.discover.seen(by_key).items():
        entry = by_key[key]
        if known.title_hash == entry.title_hash:
            seen.append(entry.doc_id)
            if known.until != entry.expires:
                renewed.append(entry.as_seen)
    catalog.shown.classify([entry.doc_id for entry in entries], seen=False)
    catalog.shown.classify(seen, seen=True)
    catalog.shown.note_renewed(renewed)


def _evaluate(replica: Replica, catalog: Catalog, watcher: Watcher) -> None:
    """Raise the alerts that are due, and find out which of the latest listings were shown before."""
    with suppress(StorageFull):  # then the alerts of watches wait; reading still works
        watcher.evaluate()
    catalog.catch_up()
    _classify(replica, catalog, [entry for entry, _ in _unknown(catalog).everything()])


def _new(replica: Replica, catalog: Catalog, *, without: int = 0) -> Matches:
    """Return what is new, but for the listings whose doc ids are in the bits `without`."""
    return search(catalog, SearchQuery(), catalog.shown.unseen & ~without)


def _alerted(replica: Replica, catalog: Catalog) -> dict[int, Entry]:
    """Return by key the listings with alerts."""
    return catalog.entries_of({alert.key for alert in replica.store.discover.alerts(replica.clock.now())})


def _fresh(replica: Replica, catalog: Catalog, watcher: Watcher, limit: int) -> Steps[_Fresh]:
    """Return the first that are new: alerts first, then emergencies, then the newest."""
    _evaluate(replica, catalog, watcher)
    yield
    new = _new(replica, catalog)
    yield
    alerted = _alerted(replica, catalog)
    yield
    first = []
    for key, entry in alerted.items():  # some by watches with wider limits than news has
        is_urgent = new.has(entry.doc_id) and catalog.index.bucket_of(entry.doc_id).emergency
        first.append((not is_urgent, -entry.created, key, entry))
    shown = [entry for *_, entry in sorted(first)][:limit]
    rest = _new(replica, catalog, without=int(DocIds(entry.doc_id for entry in alerted.values())))
    yield
    shown += yield from ranked(catalog, rest, URGENT_THEN_NEW, 0, limit - len(shown))
    return _Fresh(shown, len(first) + rest.total)


def _view(replica: Replica, catalog: Catalog, fresh: _Fresh) -> Steps[NewsView]:
    yield
    records = replica.store.records.get_many([entry.record for entry in fresh.first])
    results = tuple(view(replica, record) for record in records if record.body)
    yield
    ids = {result.id for result in results}
    alerts = tuple(alert for alert in alerts_view(replica, catalog) if alert.listing in ids)
    yield
    return NewsView(results, alerts, fresh.total, count(replica))
