"""Calls a real daemon as many guests at once, each with a session of its own; some guests do not go on with theirs."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import Enum
from typing import NamedTuple

from protocol import Record, RemoteError
from protocol.session import (
    Ended,
    Event,
    LiveStarted,
    PeerIdentified,
    RecordsReceived,
    RecordsRequested,
    SelfIdentification,
    Session,
    ToldTime,
)
from protocol.wire import Index, Initiator, Item, ItemTable, contact_psk, stratum
from tests.support.people import Person, grown

RUN = bytes(8)
PIECE = 65536
CONNECT = 30.0


STALL_AFTER = 300_000  # bytes that a guest reads before they read nothing more
TABLE = ItemTable()


class Way(Enum):
    """What callers do with their sessions."""

    REST = "rest"
    """They hold what they may have, and compare."""
    STALL = "stall"
    """They hold nothing, ask for all that they may have, and read none of it."""
    SHOW = "show"
    """They hold records that the daemon cannot take, and show them."""


class Held(NamedTuple):
    """What callers hold, or say that they do."""

    way: Way
    graph: Sequence[Item] = ()
    content: Sequence[Item] = ()
    records: Mapping[bytes, Record] = {}


class Caller:
    """One guest's end of a connection with the daemon of `host` on loopback, at `port`."""

    def __init__(self, guest: Person, host: Person, port: int, now: int, held: Held) -> None:
        self.live = self.ended = False
        self.heard = 0
        self._held = held
        self.socket, self._channel = _let_in(guest, host, port)
        self.socket.sendall(self._channel.data_to_send())
        self._session = Session(
            initiator=True,
            handshake_hash=self._channel.handshake_hash,
            remote_static=self._channel.remote_static,
            me=SelfIdentification(guest.id, guest.device, guest.certificate(now), RUN),
            find_certificate=lambda _: host.certificate(now),
            kinds_of=lambda _: {},
            find_body=lambda _: None,
            now=time.monotonic(),
            told=lambda: ToldTime(int(time.time()), stratum.MACHINE),
        )
        self.socket.setblocking(False)
        self.send()

    @property
    def stalls(self) -> bool:
        """Whether the guest has read enough and reads nothing more."""
        return self._held.way is Way.STALL and self.heard > STALL_AFTER

    @property
    def goes_on(self) -> bool:
        """Whether the guest still has something to do."""
        return not (self.live or self.ended or self.stalls)

    def go_on(self) -> None:
        """Read what has come, and answer it."""
        try:
            data = self.socket.recv(PIECE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.ended = True
            return
        self.heard += len(data)
        with suppress(RemoteError):
            self._handle(self._session.receive_many(self._channel.receive(data), time.monotonic()))
        self.tick()

    def tick(self) -> None:
        """Let time pass, and give signs of life: the daemon is silent for minutes until it is this guest's turn."""
        self._handle(self._session.tick(time.monotonic()))
        self.send()

    def send(self) -> None:
        """Write what there is to say."""
        out = b"".join(self._channel.send(frame) for frame in self._session.frames_to_send())
        with suppress(OSError):
            self.socket.setblocking(True)
            self.socket.sendall(out)
            self.socket.setblocking(False)

    def _handle(self, events: Sequence[Event]) -> None:
        if any(isinstance(event, Ended) for event in events):
            self.ended = True
            return
        for event in events:
            match event:
                case PeerIdentified():
                    self._session.admit(Index(self._held.graph, TABLE), Index(self._held.content, TABLE))
                case RecordsReceived():
                    self._session.committed()
                case RecordsRequested(ids=ids):
                    self._session.supply([self._held.records[id_] for id_ in ids if id_ in self._held.records])
                case LiveStarted():
                    self.live = True


def _let_in(guest: Person, host: Person, port: int) -> tuple[socket.socket, Initiator]:
    """Call until the daemon answers: while others wait for it, it has no room for one more, and callers call again."""
    until = time.monotonic() + CONNECT
    while True:
        channel = Initiator(
            static_private=guest.keys.dh_private,
            remote_static=host.keys.dh_public,
            psk=contact_psk(guest.keys.dh_private, host.keys.dh_public),
            ephemeral_private=grown(guest.name, time.monotonic_ns()),
        )
        connected = socket.create_connection(("127.0.0.1", port), CONNECT)
        try:
            connected.sendall(channel.data_to_send())
            while not channel.established and (data := connected.recv(PIECE)):
                channel.receive(data)
        except ConnectionError:
            pass
        if channel.established:
            return connected, channel
        connected.close()
        if time.monotonic() > until:
            raise ConnectionError(f"{guest.name} is not let in")


@contextmanager
def calling(guests: Sequence[Person], host: Person, port: int, now: int, held: Held, seconds: float) -> Iterator[int]:
    """Call as all these guests, go on until each has compared or stalls, or for some seconds; return how many are left."""
    callers: list[Caller] = []
    selector = selectors.DefaultSelector()
    until = time.monotonic() + seconds
    for guest in guests:
        callers.append(Caller(guest, host, port, now, held))
        selector.register(callers[-1].socket, selectors.EVENT_READ, callers[-1])
        _go_on(selector, 0.0)  # others would be given up while the rest calls
    while time.monotonic() < until and any(caller.goes_on for caller in callers):
        _go_on(selector, 1.0)
    yield sum(not caller.ended for caller in callers)
    selector.close()
    for caller in callers:
        caller.socket.close()


def _go_on(selector: selectors.BaseSelector, wait: float) -> None:
    """Let those go on for whom something has come, or comes within so many seconds."""
    ready = {key.fd for key, _ in selector.select(wait)}
    for key in list(selector.get_map().values()):
        if key.fd in ready:
            key.data.go_on()
        else:
            key.data.tick()
        if key.data.ended or key.data.stalls:
            selector.unregister(key.data.socket)
