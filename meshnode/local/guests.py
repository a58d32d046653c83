"""Bounds what devices of the home network may take of this computer: who may connect, how often, and for how long.

Others than phones are on that network. What they do is dropped here, before the page has done any work for it.
"""

from __future__ import annotations

import socket
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import AddressValueError, IPv4Address, IPv4Network

import trio
from msgspec import Struct, field

CONNECTIONS_MAX = 64  # open at once; a browser opens six, and one for its events
CONNECTIONS_PER_HOST = 16
CONNECTION_SECONDS = 900.0  # then a browser connects again; one that reads nothing would hold its place for ever
WINDOW_SECONDS = 60.0
REQUESTS_PER_WINDOW = 600  # of one address; a page that is left open makes 200 at most
UNKNOWN_PER_WINDOW = 30  # requests without a session, guessed links among them; signing in takes five
HOSTS_MAX = 256  # addresses that are remembered; a home network has as many


class _Host(Struct):
    """The requests of one address in its present window, and its open connections, the oldest first."""

    began: float
    requests: int = 0
    unknown: int = 0
    open: deque[trio.socket.SocketType] = field(default_factory=deque)


class Guests:
    """The devices on all networks on which phones are served. Belongs to the event loop."""

    def __init__(self) -> None:
        self._hosts: OrderedDict[str, _Host] = OrderedDict()

    @contextmanager
    def connection(self, network: IPv4Network, connected: trio.SocketStream) -> Iterator[bool]:
        """Yield whether this connection, which came to `network`, is to be answered; count it until the block ends."""
        own = connected.socket
        host = _host_of(own)
        if host is None or IPv4Address(host) not in network or self._is_silenced(host):
            yield False
            return
        entry = self._entry(host)
        self._make_room(entry)
        entry.open.append(own)
        try:
            yield True
        finally:
            with suppress(ValueError):  # it had to make room
                entry.open.remove(own)

    def note_request(self, host: str, *, known: bool) -> bool:
        """Count a request, with a session or without; return whether it is one too many. Then its address is silenced."""
        entry = self._entry(host)
        entry.requests += 1
        entry.unknown += not known
        return self._is_silenced(host)

    def _is_silenced(self, host: str) -> bool:
        """Whether nothing of this address is answered until its window ends."""
        entry = self._hosts.get(host)
        if entry is None or trio.current_time() - entry.began >= WINDOW_SECONDS:
            return False
        return entry.requests > REQUESTS_PER_WINDOW or entry.unknown > UNKNOWN_PER_WINDOW

    def _entry(self, host: str) -> _Host:
        now = trio.current_time()
        entry = self._hosts.setdefault(host, _Host(now))
        self._hosts.move_to_end(host)
        if now - entry.began >= WINDOW_SECONDS:
            entry.began, entry.requests, entry.unknown = now, 0, 0
        while len(self._hosts) > HOSTS_MAX:
            idle = next((name for name, one in self._hosts.items() if not one.open), None)
            if idle is None or idle == host:
                break
            del self._hosts[idle]
        return entry

    def _make_room(self, entry: _Host) -> None:
        """Close the oldest connection of this address, or of the one that has most, where there are too many."""
        if len(entry.open) >= CONNECTIONS_PER_HOST:
            _shut(entry.open.popleft())
        while sum(len(one.open) for one in self._hosts.values()) >= CONNECTIONS_MAX:
            _shut(max(self._hosts.values(), key=lambda one: len(one.open)).open.popleft())


async def end_in_time(connected: trio.SocketStream) -> None:
    """Close a connection after `CONNECTION_SECONDS`, even one on which an answer waits for its reader."""
    await trio.sleep(CONNECTION_SECONDS)
    _shut(connected.socket)


def _shut(connected: trio.socket.SocketType) -> None:
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def _host_of(connected: trio.socket.SocketType) -> str | None:
    """Return the address at the other end; None if the connection is gone."""
    try:
        host = str(connected.getpeername()[0])
        IPv4Address(host)
    except (OSError, AddressValueError):
        return None
    return host
