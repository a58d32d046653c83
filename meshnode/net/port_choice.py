"""Chooses the TCP port that a node listens on, and takes another where the old one would tell who it is.

Port 4747 is everybody's, so it tells nothing. Any other port, seen in two places, says that the same node was there, though
its announcements are fresh in each. So it stays while one of the node's addresses does, which tells as much by itself; and
changes when all of them have. A port that the owner has fixed never changes.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from meshnode.config import DEFAULT_PORT
from meshnode.net.interfaces import Interfaces
from meshnode.net.listener import Listener


class PortChoice:
    """Opens `Listener` at the right port. `fixed` is the owner's choice, `kept` what `open` or `follow` returned last."""

    def __init__(self, fixed: int | None, kept: str | None) -> None:
        self._fixed = fixed
        self._port, self._hosts = _read(kept)

    def open(self, listener: Listener, interfaces: Interfaces) -> str:
        """Open the port, and return what to keep of it. Raises Failed if the owner's cannot be had, or none at all."""
        hosts = _outside(interfaces)
        moved = self._have_changed(hosts)
        self._port = listener.open(interfaces, wanted=self._fixed, kept=None if moved else self._port, anywhere=moved)
        self._hosts = hosts or self._hosts
        return self._to_keep()

    def follow(self, listener: Listener, interfaces: Interfaces) -> str | None:
        """Take another port if all addresses have changed. Return what to keep; None if nothing has changed."""
        hosts = _outside(interfaces)
        if not hosts or hosts == self._hosts or self._fixed:
            return None
        if self._have_changed(hosts):
            self._port = listener.change_port(interfaces)
        self._hosts = hosts
        return self._to_keep()

    def _have_changed(self, hosts: Collection[str]) -> bool:
        """Whether a port of our own would be seen at addresses of which none is as before."""
        own = self._port not in (None, DEFAULT_PORT)
        return own and bool(hosts) and bool(self._hosts) and self._hosts.isdisjoint(hosts)

    def _to_keep(self) -> str:
        return json.dumps([self._port, *sorted(self._hosts)])


def _outside(interfaces: Interfaces) -> frozenset[str]:
    """Return the addresses by which others see this node."""
    return frozenset(address.host.partition("%")[0] for address in interfaces.addresses if not address.loopback)


def _read(kept: str | None) -> tuple[int | None, frozenset[str]]:
    """Return the port and the addresses that were kept; earlier versions kept the port alone."""
    found = json.loads(kept) if kept else None
    port, *hosts = found if isinstance(found, list) else [found]
    return port, frozenset(hosts)
