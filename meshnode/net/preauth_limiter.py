"""How many connections may stand at the door before they have proven who they are, and which one goes when it is full.

The oldest goes, not the newest: whoever can prove himself does so within milliseconds, so a scanner that holds every
place pushes out its own connections, and a contact still gets in.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field

from protocol import limits


@dataclass(eq=False, slots=True)
class Waiting:
    """A connection that has proven nothing yet; `evict` ends it, without a byte."""

    host: str
    evict: Callable[[], None] = field(repr=False)


class PreauthLimiter:
    """Those who wait, oldest first."""

    def __init__(
        self, places: int = limits.PREAUTH_CONNECTIONS_MAX, places_per_address: int = limits.PREAUTH_PER_ADDRESS_MAX
    ) -> None:
        self._places = places
        self._places_per_address = places_per_address
        self._waiting: list[Waiting] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def enter(self, waiting: Waiting) -> None:
        """Give it a place, if need be the place of the oldest: of its own address first, then of all."""
        if not _is_loopback(waiting.host):
            same = [other for other in self._waiting if other.host == waiting.host]
            if len(same) >= self._places_per_address:
                self._evict(same[0])
        if len(self._waiting) >= self._places:
            self._evict(self._waiting[0])
        self._waiting.append(waiting)

    def leave(self, waiting: Waiting) -> None:
        """It has proven itself, or is gone."""
        if waiting in self._waiting:
            self._waiting.remove(waiting)

    def _evict(self, waiting: Waiting) -> None:
        self._waiting.remove(waiting)
        waiting.evict()


def _is_loopback(host: str) -> bool:
    """All nodes of one machine share its loopback address, so no one of them may use up its share."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
