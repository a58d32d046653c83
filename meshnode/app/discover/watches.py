"""Keeps watches: saved searches that alert the owner, on this node alone, when a listing that matches comes into view.

After commits the watcher evaluates what arrived, and what a change of trust or place has brought into view; it never
evaluates all listings. A listing raises no alert if it was in view when the watch was saved, or was shown as news.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import asdict, dataclass

from meshnode.app.catalog.catalog import Bucket, Catalog
from meshnode.app.discover.search import SearchQuery, bucket_verdicts, check, search
from meshnode.app.listings.view import body_of
from meshnode.app.picking import Candidate, pick
from meshnode.errors import NotFound, Refused, StorageFull, Usage
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica
from meshnode.store import Watch
from protocol import Kind, limits
from protocol.trust import Verdict

log = logging.getLogger(__name__)

_UNTIL = "watched until"  # a value in the store: after a start, what arrived later must still be evaluated
_UNTIL_SECONDS = 60  # the value is written again only after so long, to spare the disk


@dataclass(frozen=True, slots=True)
class AlertView:
    """A listing (its id) that came into view, and the number of the watch that it matches; `at` is UNIX seconds."""

    watch: int
    listing: str
    title: str
    at: int


@dataclass(frozen=True, slots=True)
class WatchView:
    """A saved search by its number: what it looks for, as `discover` takes it, since when, and its alerts."""

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
    """Evaluates the watches and raises alerts. Runs in the store thread only."""

    def __init__(self, replica: Replica, catalog: Catalog) -> None:
        self._replica = replica
        self._catalog = catalog
        self._in_view: dict[int, frozenset[Bucket]] = {}  # by watch, the visible buckets that it has evaluated
        self._generation = 0
        self._new = self._changed = 0  # bits of doc ids that are still to be evaluated
        self._due = True
        self.raised = 0
        """The number of alerts raised since the node started."""
        replica.changes.subscribe(self._note, at_commit=True)

    def _note(self, _: Change) -> None:
        self._due = True

    def evaluate(self) -> int:
        """Evaluate what arrived since the last time; returns how many alerts were raised.

        Raises StorageFull where an alert cannot be kept; then everything is evaluated again the next time.
        """
        watches = self._replica.store.discover.watches() if self._due else []
        if not watches:
            return 0  # still due, so that the first watch saved starts from what is here then
        self._catalog.catch_up()
        new, changed = self._catalog.arrivals()
        if self._generation != self._catalog.generation:
            self._generation = self._catalog.generation
            self._in_view.clear()
            self._new, self._changed = self._arrived_meanwhile(), 0
        else:
            self._new, self._changed = self._new | new, self._changed | changed
        in_view = {watch.no: self._visible(_query(watch)) for watch in watches}
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
        """Start a watch that was just saved: what is in view now raises no alert. Call `evaluate` first."""
        self._catalog.catch_up()
        self._catalog.arrivals()
        self._generation = self._catalog.generation
        self._in_view[watch.no] = self._visible(_query(watch))
        self._replica.store.meta.set(_UNTIL, str(self._replica.clock.now()))

    def _evaluate(self, watch: Watch, visible: frozenset[Bucket]) -> list[tuple[int, str]]:
        """Raise alerts for what this watch has not evaluated yet; returns its number with each listing's id."""
        before = self._in_view.get(watch.no)
        among = self._new
        if before is not None:
            among |= self._catalog.index.in_buckets(visible - before) & ~self._changed
        found = list(search(self._replica, self._catalog, _query(watch), among).everything()) if among else []
        if not found:
            return []
        now, discover = self._replica.clock.now(), self._replica.store.discover
        seen = discover.seen(entry.key for entry, _ in found)
        raised = []
        for entry, _ in found:
            known = seen.get(entry.key)
            if (known is None or known.title_hash != entry.title_hash) and discover.raise_alert(
                watch.no, entry.as_seen, now
            ):
                raised.append((watch.no, entry.id))
        discover.bound_alerts(watch.no, limits.ALERTS_MAX, now)
        return raised

    def _visible(self, query: SearchQuery) -> frozenset[Bucket]:
        verdicts = bucket_verdicts(self._replica, self._catalog, query)
        return frozenset(bucket for bucket, verdict in verdicts if verdict.visibility is Verdict.VISIBLE)

    def _arrived_meanwhile(self) -> int:
        """Return the bits of what arrived since the watcher of an earlier run last evaluated anything."""
        until = self._replica.store.meta.get(_UNTIL)
        if until is None:
            return 0
        return self._catalog.doc_ids_of(self._replica.store.records.arrived(Kind.LISTING, int(until)))

    def _drop_lost(self, watches: list[Watch]) -> None:
        """Drop alerts about listings that are no longer visible, or that the owner has hidden."""
        discover = self._replica.store.discover
        alerts = discover.alerts(self._replica.clock.now())
        entries = self._catalog.entries_of({alert.key for alert in alerts})
        for watch in watches:
            own = [alert for alert in alerts if alert.watch == watch.no]
            if not own:
                continue
            doc_ids = self._catalog.doc_ids_of([entries[alert.key].record for alert in own if alert.key in entries])
            shown = search(self._replica, self._catalog, _query(watch), doc_ids).everything()
            keys = {entry.key for entry, _ in shown}
            for alert in own:
                if alert.key not in keys:
                    discover.drop_alert(alert)

    def _remember_until(self) -> None:
        now, meta = self._replica.clock.now(), self._replica.store.meta
        if now >= int(meta.get(_UNTIL) or 0) + _UNTIL_SECONDS:
            meta.set(_UNTIL, str(now))


def add(replica: Replica, catalog: Catalog, watcher: Watcher, query: SearchQuery) -> WatchView:
    """Save a search: from now on the owner is alerted of what comes into view and matches.

    Raises Usage for a search that makes no sense or is for nothing in particular, Refused where there are too many.
    """
    check(query)
    if query == SearchQuery():
        raise Usage("say what to search for", "use words, or the options of 'meshnode discover'")
    watcher.evaluate()
    if len(replica.store.discover.watches()) >= limits.WATCHES_MAX:
        raise Refused(
            f"you have {limits.WATCHES_MAX} saved searches already", "remove one with 'meshnode watch rm NUMBER'"
        )
    given = {name: value for name, value in asdict(query).items() if value not in (None, False)}
    watch = replica.store.discover.add_watch(json.dumps(given), replica.clock.now())
    watcher.begin(watch)
    return _view(watch, ())


def remove(replica: Replica, which: str) -> WatchView:
    """Remove the watch of this number, or with exactly these words. Raises NotFound where there is none, and Ambiguous."""
    candidates = [_candidate(watch) for watch in replica.store.discover.watches()]
    found = pick(which, candidates, noun="saved search", destructive=True)
    if found is None:
        raise NotFound(f"you have no saved search {which!r}", "'meshnode watch list' lists yours with their numbers")
    replica.store.discover.remove_watch(found.no)
    return _view(found, ())


def _candidate(watch: Watch) -> Candidate[Watch]:
    words = _query(watch).words or ""
    return Candidate(watch, str(watch.no), words, lambda: f"{words} (search {watch.no})")


def watches(replica: Replica, catalog: Catalog, watcher: Watcher) -> WatchesView:
    """Return the saved searches, each with its alerts."""
    with suppress(StorageFull):  # then their alerts wait; reading still works
        watcher.evaluate()
    alerts = alerts_view(replica, catalog)
    return WatchesView(
        tuple(
            _view(watch, tuple(alert for alert in alerts if alert.watch == watch.no))
            for watch in replica.store.discover.watches()
        )
    )


def alerts_view(replica: Replica, catalog: Catalog) -> tuple[AlertView, ...]:
    """Return the alerts about listings that were not shown as news yet, the latest first."""
    alerts = replica.store.discover.alerts(replica.clock.now())
    entries = catalog.entries_of({alert.key for alert in alerts})
    records = {record.id: record for record in replica.store.records.get_many([e.record for e in entries.values()])}
    return tuple(
        AlertView(alert.watch, entry.id, body_of(record).title, alert.at)
        for alert in alerts
        if (entry := entries.get(alert.key)) and (record := records.get(entry.record)) and record.body
    )


def _query(watch: Watch) -> SearchQuery:
    return SearchQuery(**json.loads(watch.search))


def _view(watch: Watch, alerts: tuple[AlertView, ...]) -> WatchView:
    return WatchView(id=watch.no, **asdict(_query(watch)), since=watch.since, alerts=alerts)
