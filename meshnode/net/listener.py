"""The TCP sockets of a node: one port, the same on every address, kept for good once it is chosen.

IPv4 and IPv6 have sockets of their own, so that either may be missing. Without a choice of interfaces two wildcard
sockets do for whatever comes; with one, every address of the chosen interfaces has its own, and they follow its changes.
"""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Awaitable, Callable

import trio

from meshnode.errors import Failed
from meshnode.net.interfaces import Interfaces

log = logging.getLogger(__name__)

BACKLOG = 64
PORT_TRIES = 20  # a port free for IPv4 may be taken for IPv6
PAUSE_SECONDS = 0.1  # after accept() fails for want of file descriptors
_OUT_OF_RESOURCES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
# What became of one connection before it was accepted, not of the listening socket (accept(2), "Error handling").
_GONE_AGAIN = {
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

Handler = Callable[[trio.SocketStream, str], Awaitable[None]]  # a connection, and the host it came from


class Listener:
    """Listens and hands connections on; each is handled in a task of `nursery`, which must not raise."""

    def __init__(self, nursery: trio.Nursery, handler: Handler, *, wildcard: bool) -> None:
        self.port = 0
        self._nursery = nursery
        self._handler = handler
        self._wildcard = wildcard
        self._listening: dict[str, trio.CancelScope] = {}

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses listened on."""
        return tuple(sorted(self._listening))

    def open(self, interfaces: Interfaces, *, wanted: int | None, kept: int | None) -> int:
        """Listen on port `wanted`; None: on the port `kept` from last time if it is free, else on any. Returns it.

        Raises Failed where `wanted` cannot be had, or nothing can be listened on at all.
        """
        if wanted:
            if not self._try_port(interfaces, wanted):
                raise Failed(f"port {wanted} is in use or not allowed", "choose another with --port, or leave it out")
            return self.port
        if kept and self._try_port(interfaces, kept):
            return self.port
        if kept:
            log.warning("port %d is taken; choosing another", kept)
        for _ in range(PORT_TRIES):
            if self._try_port(interfaces, 0):
                return self.port
        raise Failed("no TCP port can be opened", "check that this computer has a network, at least loopback")

    def use(self, interfaces: Interfaces) -> None:
        """Follow a change of addresses; nothing to do for wildcard sockets."""
        if self._wildcard or not self.port:
            return
        wanted = set(self._hosts(interfaces))
        for host in [host for host in self._listening if host not in wanted]:
            self._listening.pop(host).cancel()
        for host in sorted(wanted - set(self._listening)):
            try:
                bound = _bind(host, self.port)
            except OSError as error:
                # A fresh IPv6 address is not usable until the kernel has checked it; the next change tries again.
                log.info("not listening on %s: %s", host, error)
            else:
                self._serve(host, bound)

    def close(self) -> None:
        """Take no more connections; those there are live on."""
        while self._listening:
            self._listening.popitem()[1].cancel()

    def _hosts(self, interfaces: Interfaces) -> list[str]:
        if self._wildcard:
            return list(_ANY.values())
        return [address.host for address in interfaces.addresses]

    def _try_port(self, interfaces: Interfaces, port: int) -> bool:
        """Bind one port on all hosts that this machine can bind; False where another program holds it on one of them."""
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
        listener = trio.SocketListener(trio.socket.from_stdlib_socket(bound))
        self._nursery.start_soon(self._accept, listener, scope)

    async def _accept(self, listener: trio.SocketListener, scope: trio.CancelScope) -> None:
        with scope:
            async with listener:
                while True:
                    try:
                        stream = await listener.accept()
                    except OSError as error:
                        if error.errno in _OUT_OF_RESOURCES:
                            log.warning("no connection can be accepted: %s", error)
                            await trio.sleep(PAUSE_SECONDS)
                        elif error.errno not in _GONE_AGAIN:
                            raise
                    else:
                        self._nursery.start_soon(self._handle, stream)

    async def _handle(self, stream: trio.SocketStream) -> None:
        try:
            host = host_of(stream)
        except OSError:  # gone before it was looked at
            await trio.aclose_forcefully(stream)
            return
        await self._handler(stream, host)


def host_of(stream: trio.SocketStream) -> str:
    """The other end's address, with its scope where it is link-local."""
    found = stream.socket.getpeername()
    host: str = found[0].partition("%")[0]
    return f"{host}%{found[3]}" if len(found) == 4 and found[3] else host


def _bind(host: str, port: int) -> socket.socket:
    """A listening socket. OSError where the address or the port cannot be had, or the family does not exist."""
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
