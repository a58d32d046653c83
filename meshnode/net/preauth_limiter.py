"""Limits how many connections may be open whose other end has not proven who it is, and ends the oldest beyond that.

The oldest goes, not the newest: a contact proves who they are within milliseconds, so a scanner that holds every slot
displaces its own connections, and contacts still get in.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field

from protocol import limits


@dataclass(eq=False, slots=True)
class PreauthConnection:
    """A connection whose other end has proven nothing yet. `evict` ends it without sending a byte."""

    host: str
    evict: Callable[[], None] = field(repr=False)


class PreauthLimiter:
    """Holds at most `slots` such connections, and at most `slots_per_address` of one address other than loopback."""

    def __init__(
        self, slots: int = limits.PREAUTH_CONNECTIONS_MAX, slots_per_address: int = limits.PREAUTH_PER_ADDRESS_MAX
    ) -> None:
        self._slots = slots
        self._slots_per_address = slots_per_address
        self._held: list[PreauthConnection] = []  # oldest first

    def __len__(self) -> int:
        return len(self._held)

    def add(self, connection: PreauthConnection) -> None:
        """Give a connection a slot. If none is free, evict the oldest of its own address, or else the oldest of all."""
        if not _is_loopback(connection.host):
            same = [other for other in self._held if other.host == connection.host]
            if len(same) >= self._slots_per_address:
                self._evict(same[0])
        if len(self._held) >= self._slots:
            self._evict(self._held[0])
        self._held.append(connection)

    def remove(self, connection: PreauthConnection) -> None:
        """Free the slot of a connection that has proven who it is or is over. Does nothing if it has none."""
        if connection in self._held:
            self._held.remove(connection)

    def _evict(self, connection: PreauthConnection) -> None:
        self._held.remove(connection)
        connection.evict()


def _is_loopback(host: str) -> bool:
    """Whether the other end is on this machine, whose nodes all share one address: they get no share of their own."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
