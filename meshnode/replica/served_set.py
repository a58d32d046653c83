"""Computes what one peer may have, and keeps it current while a session lasts: filter first, then sync.

A served set is made from the access decisions about one peer and nothing else. A record that is not in it does not
exist for the session: it is in no fingerprint, count or bound. The session itself adds the records that the peer has
shown, so that both sides come to equal sets even where their knowledge differs.

A served set remembers decisions, not records: all records with one access key are allowed or denied together, withdrawn
ones apart from the others, so the records of a key are read from the store only when its decision changes. Keys and items
are numbered once for all sessions; a set keeps bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice

from msgspec import Struct, field

from meshnode.clock import Clock
from meshnode.replica.access import Access, AccessCache, AccessPolicy, access_key
from meshnode.replica.access_keys import Decisions, ServedKey
from meshnode.replica.changes import Change, Superseding
from meshnode.replica.merging import merging
from meshnode.replica.reevaluate import WEB_KINDS
from meshnode.replica.standing_tracker import StandingTracker
from meshnode.slices import Steps, complete
from meshnode.store import RecordState, Row, Store
from protocol import Kind, PersonId, Record, RecordId, Register, device_slot
from protocol.session import Base, Phase, phase_of
from protocol.wire import Index, Item, Marks

_KINDS = {phase: frozenset(kind for kind in Kind if phase_of(kind) is phase) for phase in Phase}
_SERVED = (RecordState.LIVE, RecordState.PAST)
STEP = 500  # records of one step, some 5 ms
GONE_MAX = 500  # records no longer held here, and of which a peer is told what supersedes them: 0.2 MB a session


class Delta(Struct):
    """The change of a served set: items that came and went per phase, and headers that supersede what went.

    `lost` are rows of records that this node may not have any longer. Where the peer has shown them they stay in the set,
    to be asked for again when this node may have them. `evicted` are those that made way for others, each with its size
    in bytes: they stay likewise, until there is room. `apart` are certificates and policies that the peer has just shown,
    of somebody who turned out to be connected with nobody here: they stay likewise. `bases` has for some of those that
    came the older version that they replace.
    """

    added: dict[Phase, list[Item]] = field(default_factory=lambda: {Phase.GRAPH: [], Phase.CONTENT: []})
    removed: dict[Phase, list[Item]] = field(default_factory=lambda: {Phase.GRAPH: [], Phase.CONTENT: []})
    lost: list[Row] = field(default_factory=list)
    evicted: list[tuple[Row, int]] = field(default_factory=list)
    apart: list[Row] = field(default_factory=list)
    newer: list[Superseding] = field(default_factory=list)
    bases: dict[Item, Base] = field(default_factory=dict)

    def for_nothing_shown(self) -> Delta:
        """Return the change for a peer that has shown nothing yet: what this node no longer has just leaves."""
        removed = {phase: items.copy() for phase, items in self.removed.items()}
        for row in (*self.lost, *self.apart, *(row for row, _ in self.evicted)):
            removed[phase_of(row.kind)].append((row.created, row.id))
        return Delta(self.added, removed, newer=self.newer)


class ServedSet:
    """The records of the node of the person `me` that the person `peer`, who is somebody else, may have.

    A conversation makes one when the peer is admitted, calls `apply` with every later change, in order, and passes the
    result on to its session. A `closed` set is empty: a person who has left the web is only told which of their copies
    are superseded. Used in the store thread; StorageFailed passes through where the store cannot be read.
    """

    def __init__(
        self,
        store: Store,
        access: AccessPolicy,
        clock: Clock,
        me: PersonId,
        peer: PersonId,
        *,
        closed: bool = False,
    ) -> None:
        self._store = store
        self._access = access
        self._clock = clock
        self._me = me
        self._peer = peer
        self.closed = closed
        self._access_cache = AccessCache(access, peer)
        self._decisions = Decisions(access.keys)  # as the session knows them
        # The peer could have them before, and may hold them still; or it was told of their headers.
        self._withdrawn = Marks(store.items)
        self._lent = Marks(store.items)  # certificates that are in the set because a header needs them
        self._gone: dict[Register, Row] = {}  # this node holds them no longer, and the peer may go on with them
        self._tracker = StandingTracker(access.trust_state, peer)
        self._just_shown: set[RecordId] = set()
        self._judged_by = 0  # the latest date by which it was judged what has ended

    def items(self, phase: Phase) -> list[Item]:
        """Return the items of `phase`, in no particular order."""
        return list(complete(self.filling(phase)))

    def filling(self, phase: Phase) -> Steps[Index]:
        """Return the items of `phase`, found and sorted in steps.

        Between two steps the caller goes on to call `apply` with every change. What it returns then is to be applied, in
        order, to the items that are returned in the end: some of these may have gone by then.
        """
        runs: list[list[Item]] = []
        rows = self._store.records.rows(kinds=_KINDS[phase], states=_SERVED)
        while some := list(islice(rows, STEP)):
            self._access_cache.refresh()
            now = self._judging()
            runs.append(sorted((row.created, row.id) for row in some if self._allowed(row) and _is_alive(row, now)))
            yield
        return (yield from merging(runs, self._store.items))

    def lacks_revived(self) -> bool:
        """Whether the date here has gone back, so that what had ended by it is in use again and is not in the set.

        Says so once: only another set has it all.
        """
        now, judged_by = self._clock.ended_by(), self._judged_by
        if self.closed or now >= judged_by:
            return False
        self._judged_by = now
        return self._store.records.any_ends(now, judged_by, _SERVED)

    def _judging(self) -> int:
        """Return the date to judge by what has ended, and remember it."""
        now = self._clock.ended_by()
        self._judged_by = max(self._judged_by, now)
        return now

    @contextmanager
    def receiving(self, records: Iterable[Record], *, more: bool = False) -> Iterator[None]:
        """Let `apply`, inside the block, know that the peer has just shown these records.

        With `more`, further ones are on their way, and all of them may be decided about only when the last have come.
        """
        self._just_shown.update(record.id for record in records)
        try:
            yield
        finally:
            if not more:
                self._just_shown = set()

    def apply(
        self, change: Change, *, closed: bool = False, shares: Callable[[Phase, Item], bool] = lambda *_: False
    ) -> Delta:
        """Follow a committed change and return what the session must be told of it.

        `shares(phase, item)` says whether the session's set has an item. One that the peer may not have, by what this node
        knows, is there since the peer has shown it: then the peer is told what supersedes it all the same.

        Records that came are in the change and are not read again. Decisions are made again only where trust has
        changed or `closed` has; then the records of those authors are read about whom a decision changed.
        """
        self._access_cache.refresh()
        delta = Delta()
        ended: dict[Register, Row] = {}  # what the peer may hold and should no longer use
        apart = self._dropped_of(change.ended)
        for row in change.ended:
            if row.id in change.evicted:
                delta.evicted.append((row, change.evicted[row.id]))
            elif self._is_lost(row):
                delta.lost.append(row)
            elif row.id in apart:
                delta.apart.append(row)
            else:
                delta.removed[phase_of(row.kind)].append((row.created, row.id))
            if row.state == RecordState.PENDING:
                continue  # it was never served
            item = (row.created, row.id)
            may_be_held = self._allowed(row) or item in self._withdrawn or item in self._lent
            if may_be_held or shares(phase_of(row.kind), item):
                self._withdrawn.remove([item])
                ended[row.register] = row
        for row in change.stored:
            if row.register in self._gone:
                ended.setdefault(row.register, self._gone[row.register])
        hidden: set[PersonId] = set()
        if closed is not self.closed:
            self.closed = closed
            self._tracker.forget()
            hidden = self._decide_again(delta)
        elif change.trust or change.people:
            hidden = self._decide_again(delta)
        self._add_stored(change, delta)
        newest = self._newest_beyond(ended)
        delta.newer = [*self._superseding(ended, newest), *self._newest_policies(hidden)]
        self._follow_gone(ended, newest)
        self._sweep_keys({row.author for row in change.stored})
        return delta

    def other_policies(self, shown: Iterable[Record]) -> list[Superseding]:
        """Return the policies of other devices of those people whose policy the peer has shown and may not have.

        They are sent as headers. The peer must not take the policy of one device for all that its author says: another
        device may have taken back what that one gave.
        """
        self._access_cache.refresh()
        policies = [record for record in shown if record.header.kind == Kind.POLICY and not record.header_only]
        rows = self._store.records.rows_of([record.id for record in policies]) if policies else []
        authors = {
            row.author for row in rows if row.state in {*_SERVED, RecordState.SUSPENDED} and not self._allowed(row)
        }
        known = {record.id for record in policies}
        return [newer for newer in self._newest_policies(authors) if newer.newest.id not in known]

    def supply(self, ids: Sequence[RecordId]) -> tuple[list[Record], list[Superseding]]:
        """Return those of the requested records that the peer may have now, and what supersedes the others.

        Access is decided again: it may have ended since the session named the records.
        """
        self._access_cache.refresh()
        now = self._clock.ended_by()
        rows = self._store.records.rows_of(ids)
        given = {row.id for row in rows if row.state in _SERVED and _is_alive(row, now) and self._may_send(row)}
        # It is not proved who wrote a pending record: it must not make this node send the named author's header.
        proved = [row for row in rows if row.id not in given and row.state != RecordState.PENDING]
        refused = {row.register: row for row in proved}
        newer = self._superseding(refused, self._newest_beyond(refused))
        return self._store.records.get_many([row.id for row in rows if row.id in given]), newer

    def allows_any(self, ids: Sequence[RecordId]) -> bool:
        """Whether the peer may have at least one of these records at this moment, and it is in use."""
        self._access_cache.refresh()
        now = self._clock.ended_by()
        rows = self._store.records.rows_of(ids) if ids else []
        return any(
            row.state == RecordState.LIVE and row.expires > now and self._allows(served_key(row)) for row in rows
        )

    def note_told(self, newer: Iterable[Superseding]) -> None:
        """Note that the peer is told of these headers.

        It may go on with an older version that a header leaves valid, so it has to hear what supersedes the header too.
        """
        self._withdrawn.insert([(one.newest.header.created, one.newest.id) for one in newer])

    def add_certificates_for(self, newer: Iterable[Superseding]) -> list[Item]:
        """Add the certificates that the peer lacks to check these headers; return their items.

        They are those of devices that wrote the newest record but not the older one: a header by a device that the peer
        has no certificate of would prove nothing to it.
        """
        headers = [one.newest.header for one in newer if one.newest.header.device != one.older_device]
        slots = {(header.author, device_slot(header.device)) for header in headers}
        found = [self._store.records.current((author, Kind.DEVICE, slot)) for author, slot in sorted(slots)]
        rows = self._store.records.rows_of([record.id for record in found if record is not None])
        lent = [row for row in rows if row.state in _SERVED and not self._allowed(row)]
        items = [(row.created, row.id) for row in lent]
        self._lent.insert(items)
        return items

    # --- decisions -------------------------------------------------------------------------------------------------

    def _allows(self, served: ServedKey) -> bool:
        if self.closed:
            return False
        key, withdrawn = served
        decision = self._access_cache[key]
        return decision is Access.ALLOW or (
            decision is Access.UNKNOWN and self._access.passes_on(self._peer, key, withdrawn=withdrawn)
        )

    def _is_lost(self, row: Row) -> bool:
        """Whether this node may not have it any longer, and its place in the set tells the peer nothing.

        The latter is so if the peer may have it, or has shown it: a pending record is in the set for no other reason. What
        connects people comes again by itself when they are connected.
        """
        if row.kind in WEB_KINDS:
            return False
        allowed = row.state == RecordState.PENDING or self._allows(served_key(row))
        if not allowed:
            return False
        return self._access.decide(self._me, access_key(row)) is not Access.ALLOW or self._is_wanted_again(row)

    def _is_wanted_again(self, row: Row) -> bool:
        """Whether it was dropped when this node might not have it, and now it may: this change is followed some time later."""
        if row.state not in {RecordState.LIVE, RecordState.SUSPENDED} or row.withdrawn or row.author == self._me:
            return False
        newest = self._store.records.newest(row.register)
        is_newest = newest is None or newest.id == row.id
        revoked = self._access.trust_state.revoked(row.author, row.device)
        return is_newest and not revoked and _is_alive(row, self._clock.ended_by())

    def _dropped_of(self, ended: Iterable[Row]) -> set[RecordId]:
        """Return those certificates and policies that the peer has just shown and of which only the header was kept."""
        shown = [row.id for row in ended if row.kind in WEB_KINDS and row.id in self._just_shown]
        known = self._store.records.known(shown) if shown else {}
        return {record_id for record_id, whole in known.items() if not whole}

    def _allowed(self, row: Row) -> bool:
        """Whether the record is in the set: as decided before, else as decided and remembered now."""
        number = self._number(row)
        allowed = self._decisions.get(number)
        if allowed is None:
            allowed = self._allows(served_key(row))
            self._decisions.set(number, allowed=allowed)
        return allowed

    def _follow_gone(self, ended: Mapping[Register, Row], newest: Mapping[Register, Record]) -> None:
        """Remember those of these rows that nothing supersedes yet, and forget the others."""
        for register, row in ended.items():
            self._gone.pop(register, None)
            if register not in newest:
                self._gone[register] = row
        while len(self._gone) > GONE_MAX:
            del self._gone[next(iter(self._gone))]

    def _number(self, row: Row) -> int:
        return self._access.keys.number(served_key(row))

    def _sweep_keys(self, authors: Iterable[PersonId]) -> None:
        keys = self._access.keys
        for author in filter(keys.is_overgrown, authors):
            keys.keep(author, map(served_key, self._store.records.rows(author=author)))

    def _may_send(self, row: Row) -> bool:
        return (row.created, row.id) in self._lent or self._allows(served_key(row))

    def _decide_again(self, delta: Delta) -> set[PersonId]:
        """Decide again about the authors whose standing has changed, and note in `delta` which records that moves.

        Returns the authors of policies that the peer could have before and may not have now.
        """
        hidden: set[PersonId] = set()
        moved = self._tracker.since_last()
        authors = self._access.keys.authors()
        now = self._judging()
        for author in sorted(authors if moved is None else moved.among(authors)):
            before = self._decide_about(author)
            if not before:
                continue
            for row in self._store.records.rows(author=author, states=_SERVED):
                number = self._number(row)
                known = self._decisions.get(number)
                allowed, was_allowed = self._allowed(row), known is not None and before.get(number, known)
                if allowed is was_allowed or not _is_alive(row, now):
                    continue
                item = (row.created, row.id)
                (delta.added if allowed else delta.removed)[phase_of(row.kind)].append(item)
                if allowed:
                    self._withdrawn.remove([item])
                else:
                    self._withdrawn.insert([item])
                if not allowed and row.kind == Kind.POLICY:
                    hidden.add(author)
        return hidden

    def _decide_about(self, author: PersonId) -> dict[int, bool]:
        """Decide again about one author; return the numbers of those keys about which it is decided otherwise now.

        With each is what was decided before.
        """
        before: dict[int, bool] = {}
        for number, key in self._access.keys.of(author):
            was_allowed = self._decisions.get(number)
            if was_allowed is None:
                continue
            allowed = self._allows(key)
            if allowed is not was_allowed:
                before[number] = was_allowed
                self._decisions.set(number, allowed=allowed)
        return before

    # --- records ---------------------------------------------------------------------------------------------------

    def _add_stored(self, change: Change, delta: Delta) -> None:
        now = self._judging()
        for row in change.stored:
            if row.state == RecordState.PENDING:
                continue
            allowed = self._allowed(row)  # remembered for a header too: when it ends, the peer may need a newer one
            if allowed and row.state in _SERVED and _is_alive(row, now):
                delta.added[phase_of(row.kind)].append((row.created, row.id))
                if row.id in change.bases:
                    delta.bases[row.created, row.id] = change.bases[row.id]

    def _newest_policies(self, authors: Iterable[PersonId]) -> list[Superseding]:
        """Return the policies of these people that the peer may not have and does not hold already."""
        found = []
        for author in sorted(authors):
            for row in self._store.records.rows(
                kinds=(Kind.POLICY,), author=author, states=(*_SERVED, RecordState.HEADER)
            ):
                policy = self._store.records.get(row.id)
                if (
                    policy is not None
                    and (row.created, row.id) not in self._withdrawn
                    and not (policy.body and self._allowed(row))
                ):
                    found.append(Superseding(policy, b""))
        return found

    def _newest_beyond(self, ended: Mapping[Register, Row]) -> dict[Register, Record]:
        """Return the newest version of the registers of these rows, where it is another one; in the order of the registers."""
        found = {register: self._store.records.newest(register) for register in sorted(ended)}
        return {
            register: newest
            for register, newest in found.items()
            if newest is not None and newest.id != ended[register].id
        }

    def _superseding(self, ended: Mapping[Register, Row], newest: Mapping[Register, Record]) -> list[Superseding]:
        """Return what supersedes these rows, except where the set has the whole newer record anyway."""
        found = [Superseding(record, ended[register].device) for register, record in newest.items()]
        if not found:
            return []
        rows = self._store.records.rows_of([newer.newest.id for newer in found])
        whole = {row.id for row in rows if row.state in _SERVED and self._allowed(row)}
        return [newer for newer in found if newer.newest.id not in whole | self._just_shown]


def served_key(row: Row) -> ServedKey:
    """Return all that it depends on whether the record behind `row` is served, beside the peer and the trust state."""
    return access_key(row), row.withdrawn


def _is_alive(row: Row, now: int) -> bool:
    """Whether it has not ended at `now`, or is passed on all the same."""
    return row.expires > now or row.state == RecordState.PAST
