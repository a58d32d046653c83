"""Keeps the open connections, and decides which of two between the same devices stays.

A connection is known by person and device together: anybody can certify another person's device as their own, and must
not push out, or pass for, the connection of its owner.

Both ends decide alike without a message (protocol/README.md, "Two connections between two devices"). If one
device dialed both, the newer stays: the dialer has lost the older, by a restart or a broken route. If each dialed one, both
at the same time, the one stays that the device with the smaller key dialed; if not at the same time, the newer.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from protocol import Code, DeviceId, PersonId, limits

SAME_TIME_SECONDS = 10.0


class Connection(Protocol):
    """The facts that decide: the person and device at the other end, whether the person is a direct contact, who dialed.

    `since` is in monotonic seconds.
    """

    @property
    def person(self) -> PersonId: ...
    @property
    def device(self) -> DeviceId: ...
    @property
    def contact(self) -> bool: ...
    @property
    def dialed(self) -> bool: ...
    @property
    def since(self) -> float: ...


Kept = TypeVar("Kept", bound=Connection)
Place = tuple[PersonId, DeviceId]


class ConnectionTable(dict[Place, Kept]):
    """The connections by person and device: SESSIONS_PER_PERSON_MAX for a person, SESSIONS_MAX in all."""

    def __init__(self, me: DeviceId) -> None:
        super().__init__()
        self._me = me

    def admit(self, new: Kept) -> list[tuple[Kept, Code]]:
        """Take in a connection whose other end was just identified. Return the connections to close, and the codes.

        With no room left, the latest connection with a person who is no direct contact makes room for a direct contact.
        """
        place = _place(new)
        old = self.get(place)
        if old is not None:
            if not self._replaces(new, old):
                return [(new, Code.DUPLICATE)]
            self[place] = new
            return [(old, Code.DUPLICATE)]
        if sum(person == new.person for person, _ in self) >= limits.SESSIONS_PER_PERSON_MAX:
            return [(new, Code.BUSY)]
        closing: list[tuple[Kept, Code]] = []
        if len(self) >= limits.SESSIONS_MAX:
            guests = [link for link in self.values() if not link.contact] if new.contact else []
            if not guests:
                return [(new, Code.BUSY)]
            latest = max(guests, key=lambda link: link.since)
            del self[_place(latest)]
            closing.append((latest, Code.BUSY))
        self[place] = new
        return closing

    def leave(self, link: Kept) -> bool:
        """Take out a connection that is over, and return whether it was the one kept for its device."""
        if self.get(_place(link)) is link:
            del self[_place(link)]
            return True
        return False

    def _replaces(self, new: Kept, old: Kept) -> bool:
        """Whether `new` stays. It was identified last, but may have been opened first."""
        if new.dialed == old.dialed or abs(new.since - old.since) >= SAME_TIME_SECONDS:
            return new.since >= old.since
        return new.dialed == (self._me < new.device)


def _place(link: Connection) -> Place:
    return link.person, link.device
