"""Reads from a damaged database, which was set aside, the keys and addresses of contacts: they bring all else back.

What it reads is not trusted: a wrong key reaches nobody. Nothing that this node signs depends on it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import apsw

from meshnode.store.connecting import connect
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
    """Contacts: keys as (person, device, X25519 key, presence key) and addresses as (person, device, host, port, time).

    The time, in UNIX seconds, says when the device was last reached there.
    """

    keys: list[tuple[PersonId, DeviceId, bytes, bytes | None]]
    addresses: list[tuple[PersonId, DeviceId, str, int, int]]


def salvage(path: Path, key: bytes | None = None) -> SalvagedKeys:
    """Return the contacts in the damaged database at `path`, encrypted under `key` or plain, as far as they can be read.

    Nobody is returned if the list of blocked people cannot be read: one of them could be among the contacts.
    """
    found = SalvagedKeys([], [])
    try:
        with connect(str(path), key=key, flags=apsw.SQLITE_OPEN_READONLY) as connection:
            blocked = {row[0] for row in connection.execute(_BLOCKED)}
            for person, device, dh_public, presence_key in connection.execute(_PINNED):
                if person not in blocked and _sound(person, device, dh_public, presence_key or person):
                    found.keys.append((person, device, dh_public, presence_key))
            for person, device, host, port, seen in connection.execute(_ADDRESSES):
                if person not in blocked and _sound(person, device):
                    found.addresses.append((person, device, host, port, seen))
    except apsw.Error:
        pass  # rows that were read before the damage are kept
    return found


def _sound(*keys: object) -> bool:
    return all(isinstance(key, bytes) and len(key) == _KEY_BYTES for key in keys)
