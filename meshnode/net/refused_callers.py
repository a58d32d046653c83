"""Bounds what callers cost who are turned away and come back at once: a few handshakes a minute, then they are strangers.

To turn somebody away takes a handshake, since only then it is known who they are. So a caller who was turned away
REFUSALS_A_MINUTE times within a minute is not answered any longer until that minute is over: their first message counts
as one of nobody, which costs as much as a call by any stranger. An honest node calls again after the pause that it was told.

Callers are known by the key with which they call, if it is that of a contact, and otherwise by their address. So people
behind one address keep each other from calling only where one of them was turned away, and contacts never.
"""

from __future__ import annotations

from meshnode.app.peers.contacts import PskName
from meshnode.net.interfaces import is_loopback
from protocol import PersonId, RateLimit, limits

REFUSALS_A_MINUTE = (
    12  # one each five seconds: a person with several devices, of which each comes back when it was told
)
CALLERS_KEPT = 4096  # addresses and people; beyond it those are forgotten who were turned away the longest time ago


class RefusedCallers:
    """Counts who was turned away lately. Times are monotonic seconds.

    `note` is called on the event loop, `is_ignored` on the store thread too: it changes nothing.
    """

    def __init__(self) -> None:
        self._refused: dict[str | PersonId, RateLimit] = {}

    def note(self, host: str, person: PersonId | None, now: float) -> None:
        """Note that a call from this address was turned away, in which `person` had proven who they are, if anybody."""
        for key in (host, person):
            if key is None or (isinstance(key, str) and is_loopback(key)):
                continue
            counted = self._refused.pop(key, None) or RateLimit(REFUSALS_A_MINUTE, limits.MINUTE)
            counted.spend(1, now)
            self._refused[key] = counted
        while len(self._refused) > CALLERS_KEPT:
            del self._refused[next(iter(self._refused))]

    def is_ignored(self, host: str, now: float, psk: PskName) -> bool:
        """Whether a call from this address with this key is not to be answered now."""
        counted = self._refused.get(psk.contact or host)
        return counted is not None and counted.left(now) == 0
