"""Hands over records in both directions, and headers that nobody asked for, as frames and events of a session.

transfer.py counts what was offered, pulled and committed, and unsolicited_headers.py what comes unasked. Here the frames
go to them, and from them frames and the node's events come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from protocol.records.record import Record
from protocol.session.events import Event, Phase, phase_of
from protocol.session.outbox import Outbox
from protocol.session.peer_set import PeerSet
from protocol.session.transfer import Incoming, KindsOf, Outgoing, in_turn
from protocol.session.unsolicited_headers import HeaderRoom, UnsolicitedHeaders
from protocol.wire.frames import Headers, Pull, Records
from protocol.wire.index import Item


class Handover:
    """The records that one session hands over. The session drives it, and calls `share` before the first offer."""

    def __init__(self, outbox: Outbox, kinds_of: KindsOf, header_room: HeaderRoom) -> None:
        self._outbox = outbox
        self._kinds_of = kinds_of
        self._peer_sets: Mapping[Phase, PeerSet] = {}
        self._outgoing = Outgoing()
        self._incoming = Incoming()
        self._headers = UnsolicitedHeaders(header_room)

    def share(self, peer_sets: Mapping[Phase, PeerSet]) -> None:
        """Begin with the sets that are compared: what comes is in them, and offers are numbered as they are."""
        self._peer_sets = peer_sets
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

    def offer_news(self, phase: Phase, items: Iterable[Item]) -> None:
        """Offer what the other side wants of an announcement."""
        self._outgoing.offer(phase, items)

    def expect(self, count: int) -> None:
        """Note that the other side offers `count` more."""
        self._incoming.expect(count)

    def take(self, frame: Pull | Records | Headers, now: float) -> list[Event]:
        """Take a frame, and return the event that it makes at once, if any. RemoteError for what may not come."""
        match frame:
            case Pull(count):
                self._outgoing.pulled(count)
            case Records(entries):
                # All that came is in the set from now on, however it will be judged: else it would be offered again.
                came: dict[Phase, list[Item]] = {phase: [] for phase in Phase}
                for record in self._incoming.take(entries, now):
                    came[phase_of(record.header.kind)].append((record.header.created, record.id))
                for phase, items in came.items():
                    self._peer_sets[phase].add(items, news=False)
            case Headers(entries):
                return [self._incoming.unasked(self._headers.take(entries, now))]
        return []

    def supply(self, records: Iterable[Record]) -> None:
        """Take the node's answer to the oldest RecordsRequested; what it does not give leaves the peer's set.

        LocalError if nothing is requested.
        """
        missing, others = self._outgoing.supply(records)
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
