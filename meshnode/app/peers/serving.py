"""Keeps what one peer may have, and tells the session of it: filled in steps at first, then following every change.

A node of a large web holds a hundred thousand records, and to decide about all of them takes longer than others should
wait. What changes while the set is filled is kept, and is applied to the finished set before the session sees it: so the
peer is told only of what it may have at that moment.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from meshnode.app.peers.accounts import account_of
from meshnode.app.peers.held_items import noting_agreed
from meshnode.app.peers.photos import PhotoTransfer
from meshnode.app.peers.spread import SpreadTo
from meshnode.replica.batch import IngestResult
from meshnode.replica.changes import Change, Superseding
from meshnode.replica.parts import in_parts
from meshnode.replica.refusals import Refusals
from meshnode.replica.refused_record import RefusedRecord, evicted, lost
from meshnode.replica.replica import Replica
from meshnode.replica.served_set import Delta, ServedSet
from meshnode.slices import Steps, advance
from protocol import DeviceId, PersonId, Record
from protocol.session import Phase, RecordsReceived, Session, phase_of
from protocol.wire import Index, Item, Marks

_Items = tuple[Index, Index]


class Serving:
    """Serves one peer in one session. Used on the store thread; times are those of the conversation's clock.

    While it is `opening`, the session has admitted nobody, and `go_on` is to be called until it has.
    """

    def __init__(self, replica: Replica, session: Session, peer: PersonId, now: float, *, closed: bool) -> None:
        self._replica = replica
        self._peer = peer
        self._session = session
        self._now = now
        self.served = ServedSet(replica.store, replica.access, replica.clock, replica.me, peer, closed=closed)
        self.photos = PhotoTransfer(replica, session, self.served, peer)
        self.refusals = Refusals(
            replica.store.records,
            replica.access,
            replica.quota,
            replica.clock,
            replica.me,
            peer,
            replica.refusal_memory.of(peer, account_of(replica, peer)),
        )
        """The records that the peer has shown and that this node could not take."""
        self.spread = SpreadTo(replica.spreading, session, replica.entropy)
        """The posts of others that the peer is told of later."""
        self._filling: Steps[_Items] | None = self._fill()
        self._noting: Steps[None] | None = None  # what the peer holds
        self._waiting: list[tuple[Delta, float]] = []  # what has changed since the filling began, in order
        self._trust_before = 0  # the version of the trust state when the batch began that is being taken in

    # --- opening ------------------------------------------------------------------------------------------------------

    @property
    def opening(self) -> bool:
        """Whether it is still being found out what the peer may have."""
        return self._filling is not None

    def go_on(self, seconds: float = math.inf) -> None:
        """Take steps for some seconds, one at least; the last one of the filling lets the session begin to compare."""
        if self._filling is None:
            self._go_on_noting(seconds)
        elif (finished := advance(self._filling, seconds)) is not None:
            self._filling = None
            self._session.admit(*finished.result)
            for delta, now in self._waiting:
                self._tell(delta, now)

    def _fill(self) -> Steps[_Items]:
        graph = yield from self.served.filling(Phase.GRAPH)
        content = yield from self.served.filling(Phase.CONTENT)
        if not self.served.closed:
            # What this person has shown in earlier sessions and is refused still, or waits to be decided about.
            refused = yield from self.refusals.resuming(self._now)
            shown = [(one.kind, one.item) for one in refused]
            waiting = self._replica.store.records.pending_from(self._peer)
            shown += [(row.kind, (row.created, row.id)) for row in waiting]
            graph.insert(item for kind, item in shown if phase_of(kind) is Phase.GRAPH)
            content.insert(item for kind, item in shown if phase_of(kind) is Phase.CONTENT)
        return graph, content

    # --- following ----------------------------------------------------------------------------------------------------

    def follow(self, change: Change, now: float, *, closed: bool) -> None:
        """Follow a committed change; `closed` as in `ServedSet.apply`."""
        delta = self.served.apply(change, closed=closed, shares=self._session.shares)
        if self._filling is None:
            self._tell(delta, now, change)
        else:
            self._waiting.append((delta.for_nothing_shown(), now))
        if change.trust or change.people:
            released = self.refusals.follow_trust()
            if self._filling is None:
                self.ask_again(released)  # else they are not in the set, and the peer offers them

    def _tell(self, delta: Delta, now: float, change: Change | None = None) -> None:
        """Tell the session of what has changed; of new posts in `change` some may be held."""
        if delta.lost or delta.evicted:
            gone = [*map(lost, delta.lost), *(evicted(*one) for one in delta.evicted)]
            self.refusals.note(gone, now, shown=False)
        if delta.apart:
            self.refusals.note_apart(delta.apart, now)
        posts = self._posts_to_hold(change, delta) if change is not None else {}
        for phase in Phase:
            if delta.added[phase] or delta.removed[phase]:
                bases = {item: delta.bases[item] for item in delta.added[phase] if item in delta.bases}
                added = [item for item in delta.added[phase] if item not in posts]
                self._session.update(phase, added, delta.removed[phase], bases)
        self.spread.hold(posts)
        self.supersede(delta.newer)

    def _posts_to_hold(self, change: Change, delta: Delta) -> dict[Item, PersonId]:
        """Return those of the posts in `change` of which the peer is told later, with their authors."""
        me = self._replica.me
        return {} if self._peer == me else self.spread.to_hold(change, delta.added[Phase.CONTENT], me)

    def take(
        self, records: list[Record], peer: PersonId | None, followed: Callable[[], None], *, more: bool
    ) -> Steps[IngestResult]:
        """Take in what the peer has given, in parts, each committed in a step of its own; return the outcome.

        `followed()` has this conversation follow what was committed. `more` as in `Ingest.receive`.
        """
        replica, outcome = self._replica, IngestResult()
        self._trust_before = replica.access.version
        for part, more_here in in_parts(records, replica.me):
            with self.served.receiving(part, more=more or more_here):
                outcome.add(replica.ingest.receive(part, peer, more=more or more_here))
                replica.changes.deliver()
                followed()  # before the session goes on with the sets as they were
            if more_here:
                yield
        return outcome

    def taken(self, received: RecordsReceived, outcome: IngestResult, now: float) -> None:
        """Note what became of records that the peer has given, and send what supersedes them."""
        self.refusals.note_without_base(received, now)
        if outcome.later:
            self.refusals.note(outcome.later, now)
            if self._replica.access.version != self._trust_before:  # what was refused first may be let in by now
                self.ask_again(self.refusals.follow_trust())
        self._session.committed()
        self.supersede([*outcome.newer, *self.served.other_policies(received.records)])

    @property
    def noting(self) -> bool:
        """Whether it is still to be noted what the peer holds."""
        return self._noting is not None

    def _go_on_noting(self, seconds: float) -> None:
        if self._noting is not None and advance(self._noting, seconds) is not None:
            self._noting = None

    def note_agreed(self, device: DeviceId, agreed: Sequence[Marks]) -> None:
        """Let it be noted, by `go_on`, what the peer's `device` holds by a comparison, for later parcels; photos too."""
        self.spread.compared()
        self._noting = noting_agreed(self._replica, self._peer, device, agreed, self.photos.take_exchanged())

    # --- answering ----------------------------------------------------------------------------------------------------

    def supply(self, ids: list[bytes]) -> None:
        """Give the peer those of these records that it may have now, and what supersedes the others."""
        self.spread.asked_for(ids)
        records, newer = self.served.supply(ids)
        self._session.supply(records)
        self.supersede(newer)

    def supersede(self, newer: list[Superseding]) -> None:
        """Send the headers of these newer versions, with the certificates of their devices that the peer may lack."""
        if newer:
            self._session.supersede(record.without_body() for record, _ in newer)
            self.served.note_told(newer)
            lent = self.served.add_certificates_for(newer)
            if lent:
                self._session.update(Phase.GRAPH, lent, [])

    def timers(self, now: float) -> tuple[float | None, ...]:
        """Return when to `tick` at the latest for what was refused, photos that are lacking, and posts; None for never."""
        return self.refusals.next_check, self.photos.due, self.spread.due(now)

    def tick(self, now: float) -> bool:
        """Do what is due at `now`; return whether only another session would bring what this node can take now.

        It would also offer the peer what is in use again, where the date here has gone back.
        """
        if self._filling is None:
            self.spread.tick(now)
        self.ask_again(self.refusals.check(now))
        return self.refusals.begin_again(now) or (self._filling is None and self.served.lacks_revived())

    def ask_again(self, refusals: Iterable[RefusedRecord]) -> None:
        """Ask the peer again for records that can be taken now, except those that others have brought meanwhile.

        They would leave the set although the peer may have them, and perhaps no longer has them itself.
        """
        wanted = list(refusals)
        known = self._replica.store.records.known([refusal.id for refusal in wanted]) if wanted else {}
        asked: dict[Phase, list[Item]] = {phase: [] for phase in Phase}
        for refusal in wanted:
            if known.get(refusal.id):
                continue
            asked[phase_of(refusal.kind)].append(refusal.item)
        for phase, items in asked.items():
            if items:
                self._session.ask_again(phase, items)
