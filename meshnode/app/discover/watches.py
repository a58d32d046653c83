"""Watches: saved searches that tell their owner, on this node alone, when something comes into view that matches.

After commits the watcher looks at what came, and at what a change of trust or place has brought into view; never at all
that is here. What was in view when a watch was saved is no alert, nor is what was shown as news already.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import asdict, dataclass

from meshnode.app.catalog.catalog import Bucket, Catalog
from meshnode.app.discover.search import SearchQuery, check, search, standpoint
from meshnode.app.listings.view import body_of
from meshnode.errors import NotFound, Refused, StorageFull, Usage
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica
from meshnode.store import Watch
from protocol import Kind, limits
from protocol.trust import Verdict

log = logging.getLogger(__name__)

_UNTIL = "watched until"  # a small value of the store: what arrived later has yet to be looked at after a start
_UNTIL_SECONDS = 60  # how exactly it is kept


@dataclass(frozen=True, slots=True)
class AlertView:
    """A listing (its id) that came into view, and the number of the watch that looks out for it; `at` is UNIX seconds."""

    watch: int
    listing: str
    title: str
    at: int


@dataclass(frozen=True, slots=True)
class WatchView:
    """A saved search by its number: what it looks for, as `discover` takes it, since when, and what came and is new."""

    id: int
    words: str | None
    type: str | None
    category: str | None
    audience: str | None
    within: float | None
    anywhere: bool
    trust: float | None
    since: int
    alerts: tuple[AlertView, ...]


@dataclass(frozen=True, slots=True)
class WatchesView:
    """Your saved searches, in the order in which you saved them."""

    watches: tuple[WatchView, ...]


class Watcher:
    """Looks out for what the owner waits for. Used on the desk only."""

    def __init__(self, replica: Replica, catalog: Catalog) -> None:
        self._replica = replica
        self._catalog = catalog
        self._in_view: dict[int, frozenset[Bucket]] = {}  # by watch, what it has looked at
        self._generation = 0
        self._new = self._changed = 0  # bits of places yet to be looked at
        self._due = True
        self.raised = 0
        """How many alerts there were since the node started."""
        replica.changes.subscribe(self._note, at_commit=True)

    def _note(self, _: Change) -> None:
        self._due = True

    def evaluate(self) -> int:
        """Look at what came since the last time; returns how many alerts were raised.

        StorageFull where one cannot be kept: then nothing was looked at, and it waits for the next time.
        """
        watches = self._replica.store.discover.watches() if self._due else []
        if not watches:
            return 0  # still due: the first one saved begins with what is here then
        self._catalog.catch_up()
        new, changed = self._catalog.arrivals()
        if self._generation != self._catalog.generation:
            self._generation = self._catalog.generation
            self._in_view.clear()
            self._new, self._changed = self._arrived_meanwhile(), 0
        else:
            self._new, self._changed = self._new | new, self._changed | changed
        in_view = {watch.no: self._visible(_sought(watch)) for watch in watches}
        raised = []
        with self._replica.transaction():
            for watch in watches:
                raised += self._evaluate(watch, in_view[watch.no])
            self._drop_lost(watches)
            self._remember_until()
        self._in_view, self._new, self._changed, self._due = in_view, 0, 0, False
        self.raised += len(raised)
        for number, listing in raised:
            log.info("a watched listing came into view", extra={"watch": number, "listing": listing})
        return len(raised)

    def begin(self, watch: Watch) -> None:
        """A watch was saved, right after `evaluate`: what is in view now is what it has looked at."""
        self._catalog.catch_up()
        self._catalog.arrivals()
        self._generation = self._catalog.generation
        self._in_view[watch.no] = self._visible(_sought(watch))
        self._replica.store.meta.set(_UNTIL, str(self._replica.clock.now()))

    def _evaluate(self, watch: Watch, visible: frozenset[Bucket]) -> list[tuple[int, str]]:
        """Raise alerts about what this watch has not looked at yet; returns its number with each listing's id."""
        before = self._in_view.get(watch.no)
        among = self._new
        if before is not None:
            among |= self._catalog.index.on(visible - before) & ~self._changed
        found = list(search(self._replica, self._catalog, _sought(watch), among).everything()) if among else []
        if not found:
            return []
        now, discover = self._replica.clock.now(), self._replica.store.discover
        seen = discover.seen(entry.key for entry, _ in found)
        raised = []
        for entry, _ in found:
            known = seen.get(entry.key)
            if (known is None or known.said != entry.said) and discover.raise_alert(watch.no, entry.mark, now):
                raised.append((watch.no, entry.id))
        discover.bound_alerts(watch.no, limits.ALERTS_MAX, now)
        return raised

    def _visible(self, sought: SearchQuery) -> frozenset[Bucket]:
        opinions = standpoint(self._replica, self._catalog, sought)
        return frozenset(bucket for bucket, opinion in opinions if opinion.verdict is Verdict.VISIBLE)

    def _arrived_meanwhile(self) -> int:
        """After a start: the places of what arrived since this was last looked at, by a watcher of before."""
        until = self._replica.store.meta.get(_UNTIL)
        if until is None:
            return 0
        return self._catalog.places_of(self._replica.store.records.arrived(Kind.LISTING, int(until)))

    def _drop_lost(self, watches: list[Watch]) -> None:
        """Alerts about what is no longer to be seen, or hidden meanwhile, are none."""
        discover = self._replica.store.discover
        alerts = discover.alerts(self._replica.clock.now())
        entries = self._catalog.entries_of({alert.key for alert in alerts})
        for watch in watches:
            own = [alert for alert in alerts if alert.watch == watch.no]
            if not own:
                continue
            places = self._catalog.places_of([entries[alert.key].record for alert in own if alert.key in entries])
            there = search(self._replica, self._catalog, _sought(watch), places).everything()
            keys = {entry.key for entry, _ in there}
            for alert in own:
                if alert.key not in keys:
                    discover.drop_alert(alert)

    def _remember_until(self) -> None:
        now, meta = self._replica.clock.now(), self._replica.store.meta
        if now >= int(meta.get(_UNTIL) or 0) + _UNTIL_SECONDS:
            meta.set(_UNTIL, str(now))


def add(replica: Replica, catalog: Catalog, watcher: Watcher, sought: SearchQuery) -> WatchView:
    """Save a search: from now on its owner is told of what comes into view and matches."""
    check(sought)
    if sought == SearchQuery():
        raise Usage("say what to search for", "use words, or the options of 'meshnode discover'")
    watcher.evaluate()
    if len(replica.store.discover.watches()) >= limits.WATCHES_MAX:
        raise Refused(
            f"you have {limits.WATCHES_MAX} saved searches already", "remove one with 'meshnode watch rm NUMBER'"
        )
    given = {name: value for name, value in asdict(sought).items() if value not in (None, False)}
    watch = replica.store.discover.add_watch(json.dumps(given), replica.clock.now())
    watcher.begin(watch)
    return _view(watch, ())


def remove(replica: Replica, which: str) -> WatchView:
    """End the watch of this number."""
    found = [watch for watch in replica.store.discover.watches() if str(watch.no) == which.strip()]
    if not found:
        raise NotFound(f"you have no saved search {which!r}", "'meshnode watch list' lists them with their numbers")
    replica.store.discover.remove_watch(found[0].no)
    return _view(found[0], ())


def watches(replica: Replica, catalog: Catalog, watcher: Watcher) -> WatchesView:
    """The saved searches, and what came for them."""
    with suppress(StorageFull):  # what they found waits then; reading still works
        watcher.evaluate()
    alerts = alerts_view(replica, catalog)
    return WatchesView(
        tuple(
            _view(watch, tuple(alert for alert in alerts if alert.watch == watch.no))
            for watch in replica.store.discover.watches()
        )
    )


def alerts_view(replica: Replica, catalog: Catalog) -> tuple[AlertView, ...]:
    """What came and was not shown as news yet, the latest first."""
    alerts = replica.store.discover.alerts(replica.clock.now())
    entries = catalog.entries_of({alert.key for alert in alerts})
    records = {record.id: record for record in replica.store.records.get_many([e.record for e in entries.values()])}
    return tuple(
        AlertView(alert.watch, entry.id, body_of(record).title, alert.at)
        for alert in alerts
        if (entry := entries.get(alert.key)) and (record := records.get(entry.record)) and record.body
    )


def _sought(watch: Watch) -> SearchQuery:
    return SearchQuery(**json.loads(watch.search))


def _view(watch: Watch, alerts: tuple[AlertView, ...]) -> WatchView:
    return WatchView(id=watch.no, **asdict(_sought(watch)), since=watch.since, alerts=alerts)
