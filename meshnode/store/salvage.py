"""What can still be read from a database that was set aside: how to reach contacts, without whom nothing else comes back.

Read without trusting it: a wrong key dials nobody. Nothing that this node signs ever rests on what is found here.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import apsw

from protocol import DeviceId, PersonId

_KEY_BYTES = 32
_PINNED = """
    SELECT person.key, device.key, dh_public, presence_key FROM pinned
    JOIN person ON person.no = pinned.person JOIN device ON device.no = pinned.device
"""
_ADDRESSES = """
    SELECT person.key, device.key, host, port, seen FROM address
    JOIN person ON person.no = address.person JOIN device ON device.no = address.device
"""
_BLOCKED = "SELECT person.key FROM blocked JOIN person ON person.no = blocked.person"


class SalvagedKeys(NamedTuple):
    """Keys as (person, device, handshake key, presence key), and addresses as (person, device, host, port, when)."""

    keys: list[tuple[PersonId, DeviceId, bytes, bytes | None]]
    addresses: list[tuple[PersonId, DeviceId, str, int, int]]


def salvage(path: Path) -> SalvagedKeys:
    """The contacts in the damaged database at `path`; none where it cannot be read that far.

    Where the list of people blocked cannot be read nobody is salvaged: one of them could be among the contacts.
    """
    found = SalvagedKeys([], [])
    try:
        with apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY) as connection:
            blocked = {row[0] for row in connection.execute(_BLOCKED)}
            for person, device, dh_public, presence_key in connection.execute(_PINNED):
                if person not in blocked and _sound(person, device, dh_public, presence_key or person):
                    found.keys.append((person, device, dh_public, presence_key))
            for person, device, host, port, seen in connection.execute(_ADDRESSES):
                if person not in blocked and _sound(person, device):
                    found.addresses.append((person, device, host, port, seen))
    except apsw.Error:
        pass  # what was read before the damage is as good as it is
    return found


def _sound(*keys: object) -> bool:
    return all(isinstance(key, bytes) and len(key) == _KEY_BYTES for key in keys)
