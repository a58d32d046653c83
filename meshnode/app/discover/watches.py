"""Keeps watches: saved searches that alert the owner, on this node alone, when a listing that matches comes into view.

After commits the watcher evaluates what arrived, what was edited, and what a change of trust or place has brought into
view; it never evaluates all listings. A listing raises no alert if it was in view when the watch was saved, or was shown as
news. But it does if an edit lets it match only now, or if its author had ended it and it is there again. The owner's open
needs are watches too, for the offers that fit them, also for those that are there already.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import asdict

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.catalog.ids import listing_key
from meshnode.app.catalog.word_index import DocIds
from meshnode.app.discover.saved import Saved, follow_needs, own_needs
from meshnode.app.discover.search import SearchQuery, check, in_view, preparing
from meshnode.app.listings.view import body_of
from meshnode.app.picking import Candidate, pick
from meshnode.errors import NotFound, Refused, StorageFull, Usage
from meshnode.quoting import quoted
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica
from meshnode.slices import Steps
from meshnode.store import Row, Watch
from protocol import Kind, Record, limits

log = logging.getLogger(__name__)

_UNTIL = "watched until"  # a value in the store: after a start, what arrived later must still be evaluated
ENDED_NOTED_MAX = (
    10_000  # listings that went; beyond it some that come back later are not told of, and nothing else is lost
)
_UNTIL_SECONDS = 60  # the value is written again only after so long, to spare the disk


class AlertView(Struct, frozen=True):
    """A listing (its id) that came into view, and the number of the watch that it matches; `at` is UNIX seconds.

    `need` is the title of the need of yours that it fits (null: the watch is a saved search).
    """

    watch: int
    need: str | None
    listing: str
    title: str
    at: int


class WatchView(Struct, frozen=True):
    """A saved search by its number: what it looks for, as `discover` takes it, since when, and its alerts.

    One that looks for offers which fit a need of yours has the id of the need in `need`, and its title in `words`.
    """

    id: int
    words: str | None
    type: str | None
    category: str | None
    audience: str | None
    within: float | None
    anywhere: bool
    trust: float | None
    need: str | None
    since: int
    alerts: tuple[AlertView, ...]


class WatchesView(Struct, frozen=True):
    """Your saved searches, in the order in which you saved them."""

    watches: tuple[WatchView, ...]


class Watcher:
    """Evaluates the watches and raises alerts. Runs in the store thread only."""

    def __init__(self, replica: Replica, catalog: Catalog) -> None:
        self._replica = replica
        self._catalog = catalog
        self._in_view: dict[int, int] = {}  # by watch, the bits of what was in view when it was evaluated
        self._generation = 0
        self._new = 0  # bits of doc ids that are still to be evaluated
        self._changed: dict[int, int] = {}  # likewise new versions, each with the doc id of the version before
        self._ended: list[Row] = []  # listings of others that went since the last evaluation
        self._own: dict[str, Record] = {}  # the owner's needs that are looked after
        self._due = True
        self.raised = 0
        """The number of alerts raised since the node started."""
        replica.changes.subscribe(self._note, at_commit=True)

    def _note(self, change: Change) -> None:
        self._due = True
        if len(self._ended) < ENDED_NOTED_MAX:
            me = self._replica.me
            self._ended.extend(row for row in change.ended if row.kind == Kind.LISTING and row.author != me)

    def evaluate(self) -> int:
        """Evaluate what arrived since the last time; returns how many alerts were raised.

        Raises StorageFull where an alert cannot be kept; then everything is evaluated again the next time.
        """
        if not self._due:
            return 0
        self._catalog.catch_up()
        self._forget_ended()
        self._follow_needs()
        watches = [Saved.of(watch) for watch in self._replica.store.discover.watches()]
        if not watches:
            return 0  # still due, so that the first watch saved starts from what is here then
        self._take_arrivals()
        in_view_now = {watch.no: self._visible(watch.query) for watch in watches}
        raised = []
        with self._replica.transaction():
            for watch in watches:
                raised += self._evaluate(watch, in_view_now[watch.no])
            self._drop_lost(watches)
            self._remember_until()
        self._in_view, self._new, self._changed, self._due = in_view_now, 0, {}, False
        self.raised += len(raised)
        for number, listing in raised:
            log.info("a watched listing came into view", extra={"watch": number, "listing": listing})
        return len(raised)

    def begin(self, watch: Watch) -> None:
        """Start a watch that was just saved: what is in view now raises no alert. Call `evaluate` first."""
        self._catalog.catch_up()
        self._catalog.arrivals()
        self._generation = self._catalog.generation
        self._in_view[watch.no] = self._visible(Saved.of(watch).query)
        self._replica.store.meta.set(_UNTIL, str(self._replica.clock.now()))

    def _take_arrivals(self) -> None:
        new, changed = self._catalog.arrivals()
        if self._generation != self._catalog.generation:
            self._generation = self._catalog.generation
            self._in_view = {number: 0 for number, view in self._in_view.items() if not view}
            self._new, self._changed = self._arrived_meanwhile(), {}
            return
        for later, earlier in changed.items():
            self._changed[later] = self._changed.pop(earlier, earlier)
        self._new |= new

    def _forget_ended(self) -> None:
        """Forget that listings were shown which their authors have ended: one that is there again is news again."""
        ended, self._ended = self._ended, []
        for row in ended:
            newest = self._replica.store.records.newest((row.author, Kind.LISTING, row.slot))
            if newest is not None and newest.withdrawn:
                self._replica.store.discover.forget(listing_key(row.author, row.slot))

    def _follow_needs(self) -> None:
        """Look after the owner's open needs, each from the offers on that are in view already."""
        needs = own_needs(self._replica, self._catalog)
        if needs == self._own:
            return
        with self._replica.transaction():
            begun = follow_needs(self._replica, self._replica.store.discover.watches(), needs)
        self._in_view |= dict.fromkeys(begun, 0)
        self._own = needs

    def _evaluate(self, watch: Saved, visible: int) -> list[tuple[int, str]]:
        """Raise alerts for what this watch has not evaluated yet; returns its number with each listing's id."""
        before = self._in_view.get(watch.no)
        among, begins = self._new, 0
        if before is not None:
            changed = int(DocIds(self._changed))
            begins = int(
                DocIds(later for later, earlier in self._changed.items() if self._is_missed(watch, before, earlier))
            )
            among |= visible & ~before & ~changed | begins
        found = watch.find(self._replica, self._catalog, among)
        if not found:
            return []
        now, discover = self._replica.clock.now(), self._replica.store.discover
        seen = discover.seen(entry.key for entry, _ in found)
        raised = []
        for entry, _ in found:
            known, has_begun = seen.get(entry.key), bool(begins >> entry.doc_id & 1)
            if has_begun:
                discover.drop_alert(watch.no, entry.key)
            is_new = has_begun or watch.need is not None or known is None or known.title_hash != entry.title_hash
            if is_new and discover.raise_alert(watch.no, entry.as_seen, now):
                raised.append((watch.no, entry.id))
        discover.bound_alerts(watch.no, limits.ALERTS_MAX, now)
        return raised

    def _is_missed(self, watch: Saved, before: int, earlier: int) -> bool:
        """Whether the earlier version of a listing, by its doc id, was no match that was in view."""
        # A version that came and went since the last evaluation is in view if those like it were.
        in_view = bool(before >> earlier & 1) or bool(before & self._catalog.alike(earlier))
        return not (in_view and watch.matched(self._replica, self._catalog, earlier))

    def _visible(self, query: SearchQuery) -> int:
        return in_view(self._catalog, query)

    def preparing(self) -> Steps[None]:
        """Take the steps that `evaluate` would have to take at once; when they are done, little is left to do."""
        for watch in self._replica.store.discover.watches() if self._due else []:
            yield from preparing(self._catalog, Saved.of(watch).query)
            yield

    def _arrived_meanwhile(self) -> int:
        """Return the bits of what arrived since the watcher of an earlier run last evaluated anything."""
        until = self._replica.store.meta.get(_UNTIL)
        if until is None:
            return 0
        return self._catalog.doc_ids_of(self._replica.store.records.arrived(Kind.LISTING, int(until)))

    def _drop_lost(self, watches: list[Saved]) -> None:
        """Drop alerts about listings that are no longer visible or do not match, or that the owner has hidden."""
        discover = self._replica.store.discover
        alerts = discover.alerts(self._replica.clock.now())
        entries = self._catalog.entries_of({alert.key for alert in alerts})
        for watch in watches:
            own = [alert for alert in alerts if alert.watch == watch.no]
            if not own:
                continue
            doc_ids = self._catalog.doc_ids_of([entries[alert.key].record for alert in own if alert.key in entries])
            keys = {entry.key for entry, _ in watch.find(self._replica, self._catalog, doc_ids)}
            for alert in own:
                if alert.key not in keys:
                    discover.drop_alert(alert.watch, alert.key)

    def _remember_until(self) -> None:
        now, meta = self._replica.clock.now(), self._replica.store.meta
        if now >= int(meta.get(_UNTIL) or 0) + _UNTIL_SECONDS:
            meta.set(_UNTIL, str(now))


def preparing_watches(
    replica: Replica, catalog: Catalog, watcher: Watcher, another: SearchQuery | None = None
) -> Steps[None]:
    """Take the steps that the evaluation of all watches, and of `another` search, would have to take at once."""
    yield from watcher.preparing()
    if another is not None:
        yield from preparing(catalog, another)


def add(replica: Replica, catalog: Catalog, watcher: Watcher, query: SearchQuery) -> WatchView:
    """Save a search: from now on the owner is alerted of what comes into view and matches.

    Raises Usage for a search that makes no sense or is for nothing in particular, Refused where there are too many.
    """
    check(query)
    if query == SearchQuery():
        raise Usage("say what to search for", "use words, or the options of 'meshnode discover'")
    watcher.evaluate()
    if sum(Saved.of(watch).need is None for watch in replica.store.discover.watches()) >= limits.WATCHES_MAX:
        raise Refused(
            "you have {most} saved searches already",
            "remove one with 'meshnode watch rm NUMBER'",
            most=limits.WATCHES_MAX,
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
        raise NotFound(
            "you have no saved search {which}",
            "'meshnode watch list' lists yours with their numbers",
            which=repr(which),
        )
    saved = Saved.of(found)
    if saved.need is not None:
        raise Refused(
            "this search looks out for your need {title}",
            "it ends with the need: meshnode close LISTING",
            title=quoted(saved.title),
        )
    replica.store.discover.remove_watch(found.no)
    return _view(found, ())


def _candidate(watch: Watch) -> Candidate[Watch]:
    saved = Saved.of(watch)
    words = saved.title or saved.query.words or ""
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
    needs = {watch.no: saved.title for watch in replica.store.discover.watches() if (saved := Saved.of(watch)).need}
    records = {record.id: record for record in replica.store.records.get_many([e.record for e in entries.values()])}
    return tuple(
        AlertView(alert.watch, needs.get(alert.watch), entry.id, body_of(record).title, alert.at)
        for alert in alerts
        if (entry := entries.get(alert.key)) and (record := records.get(entry.record)) and record.body
    )


def _view(watch: Watch, alerts: tuple[AlertView, ...]) -> WatchView:
    saved = Saved.of(watch)
    fields = asdict(saved.query) | ({} if saved.need is None else {"words": saved.title})
    return WatchView(id=watch.no, **fields, need=saved.need, since=watch.since, alerts=alerts)
