"""Limits how many connections may be open whose other end has not proven who it is, and ends one beyond that.

The oldest of those goes that wait for the other end: a contact proves who they are within milliseconds, so a scanner that
holds every slot displaces its own connections, and contacts still get in. A connection that waits for this node instead,
because it is busy, keeps its slot: when hundreds of contacts call at one moment, those who were first are answered, and
the others call again, while nobody would be answered if each displaced the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from meshnode.net.interfaces import is_loopback
from protocol import limits


@dataclass(eq=False, slots=True)
class PreauthConnection:
    """A connection whose other end has proven nothing yet. `evict` ends it without sending a byte.

    `in_progress` says whether it waits for this node, or has just been answered.
    """

    host: str
    evict: Callable[[], None] = field(repr=False)
    in_progress: Callable[[], bool] = field(default=lambda: False, repr=False)


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
        """Give a connection a slot. If none is free, evict the oldest of its own address, or else the oldest of all.

        Connections in progress stay; if all are, the new one is evicted.
        """
        same = [other for other in self._held if other.host == connection.host]
        if not is_loopback(connection.host) and len(same) >= self._slots_per_address and not self._evict_one(same):
            connection.evict()
            return
        if len(self._held) >= self._slots and not self._evict_one(self._held):
            connection.evict()
            return
        self._held.append(connection)

    def remove(self, connection: PreauthConnection) -> None:
        """Free the slot of a connection that has proven who it is or is over. Does nothing if it has none."""
        if connection in self._held:
            self._held.remove(connection)

    def _evict_one(self, among: Sequence[PreauthConnection]) -> bool:
        """Evict the oldest of these that is not in progress. Return whether there was one."""
        oldest = next((other for other in among if not other.in_progress()), None)
        if oldest is None:
            return False
        self._held.remove(oldest)
        oldest.evict()
        return True
