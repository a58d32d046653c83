"""Keeps the open connections, and decides which of two between the same devices stays.

A connection is keyed by person and device together: anybody can certify somebody else's device as their own, and must
neither displace the connection of its owner nor pass for it. It is keyed by the run too: two machines with the keys of
one device, as after its disk was copied, both stay, and do not push each other out.

Both ends decide alike without a message (protocol/README.md, "Two connections between two devices"). If one device
dialed both, the newer stays: the dialer has lost the older, by a restart or a broken route. If each dialed one, both at
the same time, the one stays that the device with the smaller key dialed; if not at the same time, the newer.
"""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from meshnode.net.turns import Seat, Turns
from protocol import Code, DeviceId, PersonId, limits

SAME_TIME_SECONDS = 10.0


class Connection(Seat, Protocol):
    """An open connection: the person and device at the other end, and who dialed. `since` is in monotonic seconds."""

    @property
    def dialed(self) -> bool: ...
    @property
    def since(self) -> float: ...
    @property
    def run(self) -> bytes: ...


Kept = TypeVar("Kept", bound=Connection)
PeerMachine = tuple[PersonId, DeviceId, bytes]


class Closing(Struct, Generic[Kept], frozen=True):
    """A connection to close: by which code, and with BUSY after how many seconds the other end is to come back."""

    connection: Kept
    code: Code
    pause: int = 0


class ConnectionTable(dict[PeerMachine, Kept]):
    """At most one connection a run of a person's device, SESSIONS_PER_PERSON_MAX a person and `sessions` in all.

    Beyond that, `Turns` decides which connection makes room for another one.
    """

    def __init__(self, me: DeviceId, sessions: int = limits.SESSIONS_MAX) -> None:
        super().__init__()
        self._me = me
        self._turns: Turns[Kept] = Turns(sessions)

    def admit(self, new: Kept, now: float) -> list[Closing[Kept]]:
        """Add a connection whose other end has just proven who it is. Return the connections to close.

        The new one may be among them.
        """
        key = _key(new)
        old = self.get(key)
        if old is not None:
            if not self._replaces(new, old):
                return [Closing(new, Code.DUPLICATE)]
            self[key] = new
            new.seated = old.seated  # a device that dials again and again does not make its turn longer
            return [Closing(old, Code.DUPLICATE)]
        if sum(person == new.person for person, *_ in self) >= limits.SESSIONS_PER_PERSON_MAX:
            return [Closing(new, Code.BUSY)]
        place = self._turns.place(new, self.values(), now)
        if not place.given:
            return [Closing(new, Code.BUSY, place.pause)]
        self[key] = new
        if place.leaving is None:
            return []
        del self[_key(place.leaving)]
        return [Closing(place.leaving, Code.BUSY, place.pause)]

    def has(self, person: PersonId, device: DeviceId) -> bool:
        """Whether there is a connection with a machine that has the keys of this device."""
        return any((person, device) == key[:2] for key in self)

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


def _key(connection: Connection) -> PeerMachine:
    return connection.person, connection.device, connection.run
