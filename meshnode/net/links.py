"""The connections that stand, and which of two between the same devices stays.

Both ends must choose alike without a word. Where both dialed at the same time, the connection that the device with the
smaller id dialed stays. Where one is older, its dialer has come back after losing it (a restart, a cut way) and does
not know the old one any more: the new one stays.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from protocol import SESSIONS_MAX, Code, DeviceId

SAME_TIME_SECONDS = 10.0


class Connection(Protocol):
    """What is looked at: the device at the other end, whether its person is a direct contact, who dialed, and since when.

    `since` is in monotonic seconds.
    """

    @property
    def device(self) -> DeviceId: ...
    @property
    def contact(self) -> bool: ...
    @property
    def dialed(self) -> bool: ...
    @property
    def since(self) -> float: ...


Kept = TypeVar("Kept", bound=Connection)


class Links(dict[DeviceId, Kept]):
    """At most one connection a device, at most SESSIONS_MAX in all."""

    def __init__(self, me: DeviceId) -> None:
        super().__init__()
        self._me = me

    def admit(self, new: Kept) -> list[tuple[Kept, Code]]:
        """Take in a connection that has just proven whose it is. Returns which to close, with which code.

        Where no place is left, the latest of those who are no direct contacts makes room for one who is.
        """
        old = self.get(new.device)
        if old is not None:
            if not self._replaces(new, old):
                return [(new, Code.DUPLICATE)]
            self[new.device] = new
            return [(old, Code.DUPLICATE)]
        closing: list[tuple[Kept, Code]] = []
        if len(self) >= SESSIONS_MAX:
            guests = [link for link in self.values() if not link.contact] if new.contact else []
            if not guests:
                return [(new, Code.BUSY)]
            latest = max(guests, key=lambda link: link.since)
            del self[latest.device]
            closing.append((latest, Code.BUSY))
        self[new.device] = new
        return closing

    def leave(self, link: Kept) -> bool:
        """It is over; whether it was the one that stood for its device."""
        if self.get(link.device) is link:
            del self[link.device]
            return True
        return False

    def _replaces(self, new: Kept, old: Kept) -> bool:
        if new.since - old.since >= SAME_TIME_SECONDS or new.dialed == old.dialed:
            return True
        return new.dialed == (self._me < new.device)
