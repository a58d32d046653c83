"""Hands over records in both directions, and headers that nobody asked for, as frames and events of a session.

transfer.py counts what was offered, pulled and committed, announcing.py has the news, successors.py what need not travel
whole, and unsolicited_headers.py what comes unasked. Here the frames go to them, and from them frames and the node's
events come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from protocol.records.record import Record
from protocol.session.announcing import Announcer
from protocol.session.events import Event, Phase, phase_of
from protocol.session.outbox import Outbox
from protocol.session.peer_set import PeerSet
from protocol.session.successors import Arrival, Base, FindBody, GivenSuccessors, TakenSuccessors
from protocol.session.transfer import Incoming, KindsOf, Outgoing, in_turn
from protocol.session.unsolicited_headers import HeaderRoom, UnsolicitedHeaders
from protocol.wire.frames import Again, Have, Headers, Pull, Records, Want
from protocol.wire.index import Item


class Handover:
    """The records that one session hands over. The session drives it, and calls `share` before the first offer."""

    def __init__(self, outbox: Outbox, kinds_of: KindsOf, find_body: FindBody, header_room: HeaderRoom) -> None:
        self._outbox = outbox
        self._kinds_of = kinds_of
        self._peer_sets: Mapping[Phase, PeerSet] = {}
        self._announcer = Announcer(self._peer_sets)
        self._outgoing = Outgoing()
        self._incoming = Incoming()
        self._given = GivenSuccessors()
        self._taken = TakenSuccessors(find_body)
        self._headers = UnsolicitedHeaders(header_room)

    def share(self, peer_sets: Mapping[Phase, PeerSet], announcer: Announcer) -> None:
        """Begin with the sets that are compared: what comes is in them, and offers are numbered as they are."""
        self._peer_sets, self._announcer = peer_sets, announcer
        self._outgoing.share(peer_sets[Phase.CONTENT].index.table)

    @property
    def idle(self) -> bool:
        """Whether everything that was offered, by either side, was given and is committed."""
        return self._outgoing.idle and self._incoming.idle

    @property
    def held(self) -> int:
        """An estimate of the memory, in bytes, of the records that have come and are not committed."""
        return self._incoming.held

    @property
    def may_ask(self) -> bool:
        """Whether the node can be asked at once for records that the other side has pulled."""
        return self._outgoing.pullable and self._outgoing.has_room(self._outbox.size)

    @property
    def batch_due(self) -> float | None:
        """When what has come must go to the node; None if nothing has."""
        return self._incoming.batch_due()

    @property
    def headers_due(self) -> float | None:
        """When more headers may be sent; None if none wait."""
        return self._headers.next_timer()

    def offer(self, phase: Phase, items: Iterable[Item]) -> None:
        """Offer what the other side lacks after a comparison, in the order in which it can use it."""
        self._outgoing.offer(phase, in_turn(phase, items, self._kinds_of))

    def note_bases(self, phase: Phase, bases: Mapping[Item, Base]) -> None:
        """Note new items whose bodies follow from those of other versions, which are in the set still; the session is live."""
        for item, base in bases.items():
            if self._peer_sets[phase].is_shared(base.item):
                self._given.note(item[1], base)

    def take_news(self, frame: Have | Again | Want, now: float) -> None:
        """Take a frame about news. RemoteError for what may not come."""
        match frame:
            case Have():
                want, count = self._announcer.take_have(frame)
                self._outbox.send(want)
                self.expect(count)
            case Again():
                self._announcer.take_again(frame, now)
            case Want():
                self._outgoing.offer(*self._announcer.take_want(frame))

    def expect(self, count: int) -> None:
        """Note that the other side offers `count` more."""
        self._incoming.expect(count)

    def take(self, frame: Pull | Records | Headers, now: float) -> list[Event]:
        """Take a frame, and return the event that it makes at once, if any. RemoteError for what may not come."""
        match frame:
            case Pull(count):
                self._outgoing.pulled(count)
                self._given.pulled()
            case Records(entries):
                # All that came is in the set from now on, however it will be judged: else it would be offered again.
                came: dict[Phase, list[Item]] = {phase: [] for phase in Phase}
                for one in self._incoming.take(entries, now, self._read):
                    header, phase = one.record.header, phase_of(one.record.header.kind)
                    if one.unfounded:
                        self._announcer.ask_for(phase, (header.created, one.record.id))
                    else:
                        came[phase].append((header.created, one.record.id))
                for phase, items in came.items():
                    self._peer_sets[phase].add(items, news=False)
            case Headers(entries):
                return [self._incoming.unasked(self._headers.take(entries, now))]
        return []

    def _read(self, entry: bytes) -> Arrival:
        return self._taken.read(entry, self._peer_sets)

    def supply(self, records: Iterable[Record]) -> None:
        """Take the node's answer to the oldest RecordsRequested; what it does not give leaves the peer's set.

        LocalError if nothing is requested.
        """
        missing, others = self._outgoing.supply(records, self._given.wire_of)
        for phase, item in missing:
            self._peer_sets[phase].remove([item])
        self._headers.add(others)

    def supersede(self, records: Iterable[Record]) -> None:
        """Have these sent unasked, without their bodies."""
        self._headers.add(records)

    def committed(self) -> None:
        """Note that the node has committed the oldest RecordsReceived. LocalError if there is none."""
        self._incoming.committed()

    def go_on(self, now: float, *, headers: bool) -> list[Event]:
        """Send what can be sent now, unasked headers only if they may be; return what the node is to do."""
        events: list[Event] = []
        if (batch := self._incoming.batch(now)) is not None:
            events.append(batch)
        if count := self._incoming.to_pull():
            self._outbox.send(Pull(count))
            self._taken.pulled()
        for records in self._outgoing.frames():
            self._outbox.send(records)
        if headers:
            for frame in self._headers.frames(now):
                self._outbox.send(frame)
        while self._outgoing.has_room(self._outbox.size) and (request := self._outgoing.next_request()) is not None:
            events.append(request)
        return events

    def at_once(self, now: float) -> list[Event]:
        """Return what has come and was not given to the node yet, though a batch is not full."""
        batch = self._incoming.batch(now, at_once=True)
        return [] if batch is None else [batch]

    def rest(self, now: float) -> list[Event]:
        """Return what has come and was not given to the node yet, at the end of a session."""
        batch = self._incoming.batch(now, all_of_it=True)
        return [] if batch is None else [batch]
