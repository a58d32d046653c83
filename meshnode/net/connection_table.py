"""Keeps the open connections, and decides which of two between the same devices stays.

A connection is keyed by person and device together: anybody can certify somebody else's device as their own, and must
neither displace the connection of its owner nor pass for it.

Both ends decide alike without a message (protocol/README.md, "Two connections between two devices"). If one device
dialed both, the newer stays: the dialer has lost the older, by a restart or a broken route. If each dialed one, both at
the same time, the one stays that the device with the smaller key dialed; if not at the same time, the newer.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from protocol import Code, DeviceId, PersonId, limits

SAME_TIME_SECONDS = 10.0


class Connection(Protocol):
    """An open connection: the person and device at the other end, and who dialed.

    `contact`: the person is a direct contact. `since` is in monotonic seconds.
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
PeerDevice = tuple[PersonId, DeviceId]


class ConnectionTable(dict[PeerDevice, Kept]):
    """At most one connection a person's device, SESSIONS_PER_PERSON_MAX a person and SESSIONS_MAX in all."""

    def __init__(self, me: DeviceId) -> None:
        super().__init__()
        self._me = me

    def admit(self, new: Kept) -> list[tuple[Kept, Code]]:
        """Add a connection whose other end has just proven who it is. Return the connections to close, each with its code.

        The new one may be among them. If the table is full, a direct contact displaces the latest of the connections with
        people who are none.
        """
        key = _key(new)
        old = self.get(key)
        if old is not None:
            if not self._replaces(new, old):
                return [(new, Code.DUPLICATE)]
            self[key] = new
            return [(old, Code.DUPLICATE)]
        if sum(person == new.person for person, _ in self) >= limits.SESSIONS_PER_PERSON_MAX:
            return [(new, Code.BUSY)]
        closing: list[tuple[Kept, Code]] = []
        if len(self) >= limits.SESSIONS_MAX:
            others = [connection for connection in self.values() if not connection.contact] if new.contact else []
            if not others:
                return [(new, Code.BUSY)]
            latest = max(others, key=lambda connection: connection.since)
            del self[_key(latest)]
            closing.append((latest, Code.BUSY))
        self[key] = new
        return closing

    def remove(self, connection: Kept) -> bool:
        """Remove a connection that is over. Return whether it was in the table, and not replaced before."""
        if self.get(_key(connection)) is connection:
            del self[_key(connection)]
            return True
        return False

    def _replaces(self, new: Kept, old: Kept) -> bool:
        """Whether `new` stays. It was identified last, but may have been opened first."""
        if new.dialed == old.dialed or abs(new.since - old.since) >= SAME_TIME_SECONDS:
            return new.since >= old.since
        return new.dialed == (self._me < new.device)


def _key(connection: Connection) -> PeerDevice:
    return connection.person, connection.device
