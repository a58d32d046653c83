"""The TCP sockets on which a node accepts connections: one port, the same on every address, kept across restarts.

IPv4 and IPv6 have separate sockets, so that either may be missing. Without a choice of interfaces two wildcard sockets
cover addresses that come later; with one, every address of the chosen interfaces has a socket of its own, and `use`
follows their changes.
"""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Awaitable, Callable

import trio

from meshnode import background
from meshnode.config import DEFAULT_PORT
from meshnode.errors import Failed
from meshnode.guard import Guard
from meshnode.net.interfaces import Interfaces

log = logging.getLogger(__name__)

BACKLOG = 64
PORTS_NEXT = 32  # further ports that are tried, one after the other, since several nodes may run on one computer
PORT_TRIES = 20  # then any port; one that is free for IPv4 may be taken for IPv6
PAUSE_SECONDS = 0.1  # after accept() fails for want of memory or file descriptors, or for a reason we do not know
# Errors of one connection that ended before it was accepted (accept(2), "Error handling"): the next may be accepted now.
_CONNECTION_ERRORS = {
    errno.ECONNABORTED,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.ENOPROTOOPT,
    errno.EOPNOTSUPP,
    errno.EPERM,
    errno.EPROTO,
}
_ANY: dict[socket.AddressFamily, str] = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}  # noqa: S104 - a LAN service

Handler = Callable[[trio.SocketStream, str], Awaitable[None]]  # a connection, and the host at its other end


class Listener:
    """Accepts TCP connections and runs `handler(stream, host)` for each, in a task of `nursery`.

    The stream is closed when the handler returns. If the handler raises an error that must end the node, it goes on to
    `nursery`; any other is noted in `guard` and costs that one connection. Driven by `Network`: `open` once, `use` at every
    change of addresses, `close` at the end. Cancelling `nursery` closes the sockets and the connections.
    """

    def __init__(self, nursery: trio.Nursery, handler: Handler, guard: Guard, *, wildcard: bool) -> None:
        self.port = 0
        self._nursery = nursery
        self._handler = handler
        self._guard = guard
        self._wildcard = wildcard
        self._listening: dict[str, trio.CancelScope] = {}

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses listened on."""
        return tuple(sorted(self._listening))

    def open(self, interfaces: Interfaces, *, wanted: int | None, kept: int | None, anywhere: bool = False) -> int:
        """Start listening and return the port: `wanted`; if that is None, `kept`, else DEFAULT_PORT or the next free one.

        With `anywhere` it is any free one that the kernel draws, if DEFAULT_PORT is taken.
        Raises Failed if `wanted` cannot be had, or if no port can be opened at all.
        """
        if wanted:
            if not self._try_port(interfaces, wanted):
                raise Failed(
                    "port {wanted} is in use or not allowed",
                    "choose another with --port, or leave it out",
                    wanted=wanted,
                )
            return self.port
        if kept and self._try_port(interfaces, kept):
            return self.port
        if kept:
            log.warning("port %d is taken; choosing another", kept)
        following = range(DEFAULT_PORT + 1, DEFAULT_PORT + 1 + (0 if anywhere else PORTS_NEXT))
        for port in (DEFAULT_PORT, *following, *(0 for _ in range(PORT_TRIES))):
            if self._try_port(interfaces, port):
                return self.port
        raise Failed("no TCP port can be opened", "check that this computer has a network, at least loopback")

    def change_port(self, interfaces: Interfaces) -> int:
        """Listen on another port from now on: DEFAULT_PORT if it is free, else any. Return it; the same if none can be had."""
        before, self._listening = self._listening, {}
        try:
            self.open(interfaces, wanted=None, kept=None, anywhere=True)
        except Failed as error:
            log.warning("the port stays %d: %s", self.port, error.message)
            self._listening = before
        else:
            for scope in before.values():
                scope.cancel()
        return self.port

    def use(self, interfaces: Interfaces) -> None:
        """Open and close sockets after a change of addresses; wildcard sockets need no change."""
        if self._wildcard or not self.port:
            return
        wanted = set(self._hosts(interfaces))
        for host in [host for host in self._listening if host not in wanted]:
            self._listening.pop(host).cancel()
        for host in sorted(wanted - set(self._listening)):
            try:
                bound = _bind(host, self.port)
            except OSError as error:
                # A new IPv6 address cannot be used until the kernel has checked it; the next change tries again.
                log.info("not listening on %s: %s", host, error)
            else:
                self._serve(host, bound)

    def close(self) -> None:
        """Accept no further connections; open ones stay open."""
        while self._listening:
            self._listening.popitem()[1].cancel()

    def _hosts(self, interfaces: Interfaces) -> list[str]:
        if self._wildcard:
            return list(_ANY.values())
        return [address.host for address in interfaces.addresses]

    def _try_port(self, interfaces: Interfaces, port: int) -> bool:
        """Bind one port on all hosts that this machine can bind; False if another program holds it on one of them."""
        bound: dict[str, socket.socket] = {}
        for host in self._hosts(interfaces):
            try:
                bound[host] = _bind(host, port)
            except OSError as error:
                if error.errno in (errno.EADDRINUSE, errno.EACCES):
                    for listening in bound.values():
                        listening.close()
                    return False
                log.info("not listening on %s: %s", host, error)
            else:
                port = bound[host].getsockname()[1]
        for host, listening in bound.items():
            self._serve(host, listening)
        if bound:
            self.port = port
        return bool(bound)

    def _serve(self, host: str, bound: socket.socket) -> None:
        scope = self._listening[host] = trio.CancelScope()
        self._nursery.start_soon(self._accept, _PatientListener(bound), scope)

    async def _accept(self, listener: _PatientListener, scope: trio.CancelScope) -> None:
        with scope:
            await trio.serve_listeners(self._handle, [listener], handler_nursery=self._nursery)

    async def _handle(self, stream: trio.SocketStream) -> None:
        try:
            host = host_of(stream)
        except OSError as error:
            log.debug("a connection ended before it was handled: %s", error)
            return
        await background.once(self._guard, "answering a call", self._answer, stream, host)

    async def _answer(self, stream: trio.SocketStream, host: str) -> None:
        try:
            await self._handler(stream, host)
        except OSError as error:
            log.debug("a connection ended before it was handled: %s", error)


class _PatientListener(trio.abc.Listener[trio.SocketStream]):
    """Goes on accepting whatever accept(2) reports: `trio.serve_listeners` would end the node at most errors."""

    def __init__(self, bound: socket.socket) -> None:
        self._listener = trio.SocketListener(trio.socket.from_stdlib_socket(bound))

    async def accept(self) -> trio.SocketStream:
        """Return the next connection. Raises trio.ClosedResourceError after the socket was closed."""
        while True:
            try:
                return await self._listener.accept()
            except OSError as error:
                if error.errno in _CONNECTION_ERRORS:
                    log.debug("a connection ended before it was accepted: %s", error)
                else:
                    log.warning("no connection can be accepted: %s", error)
                    await trio.sleep(PAUSE_SECONDS)

    async def aclose(self) -> None:
        """Close the socket."""
        await self._listener.aclose()


def host_of(stream: trio.SocketStream) -> str:
    """Return the address at the other end, with its scope if it is link-local. OSError if the connection is gone."""
    peer = stream.socket.getpeername()
    host: str = peer[0].partition("%")[0]
    return f"{host}%{peer[3]}" if len(peer) == 4 and peer[3] else host


def _bind(host: str, port: int) -> socket.socket:
    """Return a listening socket. OSError if the address or the port cannot be had, or the family does not exist."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    )[0]
    listening = socket.socket(family, kind, protocol)
    try:
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
