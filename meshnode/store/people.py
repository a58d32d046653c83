"""Numbers people and devices, and keeps their last addresses and the keys that it takes to dial them.

A key has 32 bytes and every record names two: rows have a small number instead, which only this package sees.
"""

from __future__ import annotations

from typing import NamedTuple

from meshnode.store.database import Database
from protocol import DeviceId, PersonId, limits


class KnownAddress(NamedTuple):
    """An address of a device, and when the device was last reached there (UNIX seconds)."""

    device: DeviceId
    host: str
    port: int
    seen: int


class PinnedKeys(NamedTuple):
    """The keys that it takes to dial a device: its X25519 key, and its person's presence key as last known."""

    device: DeviceId
    dh_public: bytes
    presence_key: bytes | None


class Numbers:
    """Maps the 32-byte keys of one table to numbers and back, with a cache."""

    def __init__(self, database: Database, table: str) -> None:
        self._database = database
        self._find = f"SELECT no FROM {table} WHERE key = ?"  # noqa: S608 - table names are ours
        self._make = f"INSERT INTO {table} (key) VALUES (?) RETURNING no"  # noqa: S608
        self._read = f"SELECT key FROM {table} WHERE no = ?"  # noqa: S608
        self._number: dict[bytes, int] = {}
        self._key: dict[int, bytes] = {}
        database.on_rollback.append(self._forget)

    def find(self, key: bytes) -> int | None:
        """Return the number of `key`, None if it never had one."""
        number = self._number.get(key)
        if number is None:
            number = self._database.value(self._find, (key,))
            if number is not None:
                self._keep(key, number)
        return number

    def number(self, key: bytes) -> int:
        """Return the number of `key`; a new key gets one."""
        number = self._number.get(key) or self.find(key)
        if number is None:
            number = int(self._database.value(self._make, (key,)))
            self._keep(key, number)
        return number

    def key(self, number: int) -> bytes:
        """Return the key with this number."""
        key = self._key.get(number)
        if key is None:
            key = bytes(self._database.value(self._read, (number,)))
            self._keep(key, number)
        return key

    def _keep(self, key: bytes, number: int) -> None:
        self._number[key] = number
        self._key[number] = key

    def _forget(self) -> None:
        self._number.clear()
        self._key.clear()


class People:
    """The people that this node can reach. `persons` and `devices` are for the rest of the store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.persons = Numbers(database, "person")
        self.devices = Numbers(database, "device")

    def remember(self, person: PersonId, device: DeviceId, host: str, port: int, when: int) -> None:
        """Note that a device was reached at this address; the oldest addresses beyond the limit are deleted."""
        with self._database.joined():
            who, what = self.persons.number(person), self.devices.number(device)
            self._database.run(
                "INSERT INTO address VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET seen = max(seen, excluded.seen)",
                (who, what, host, port, when),
            )
            self._database.run(
                "DELETE FROM address WHERE person = ?1 AND rowid NOT IN"
                " (SELECT rowid FROM address WHERE person = ?1 ORDER BY seen DESC, rowid DESC LIMIT ?2)",
                (who, limits.ADDRESSES_REMEMBERED_MAX),
            )

    def addresses(self, person: PersonId) -> list[KnownAddress]:
        """Return the addresses of `person`, the latest first."""
        rows = self._database.all(
            "SELECT device, host, port, seen FROM address WHERE person = ? ORDER BY seen DESC, rowid DESC",
            (self.persons.find(person),),
        )
        return [KnownAddress(self.devices.key(device), host, port, seen) for device, host, port, seen in rows]

    def remember_keys(self, person: PersonId, device: DeviceId, dh_public: bytes, presence_key: bytes | None) -> None:
        """Keep the keys to dial `device`; None keeps the presence key that was known before."""
        with self._database.joined():
            self._database.run(
                "INSERT INTO pinned VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " dh_public = excluded.dh_public, presence_key = coalesce(excluded.presence_key, presence_key)",
                (self.persons.number(person), self.devices.number(device), dh_public, presence_key),
            )

    def keys(self, person: PersonId) -> list[PinnedKeys]:
        """Return the keys of `person`'s devices, in the order in which they became known."""
        rows = self._database.all(
            "SELECT device, dh_public, presence_key FROM pinned WHERE person = ? ORDER BY rowid",
            (self.persons.find(person),),
        )
        return [PinnedKeys(self.devices.key(device), dh, presence) for device, dh, presence in rows]

    def kept(self) -> list[PersonId]:
        """Return everybody whose keys are kept, in a fixed order."""
        return sorted(
            self.persons.key(number) for (number,) in self._database.all("SELECT DISTINCT person FROM pinned")
        )

    def forget(self, person: PersonId) -> None:
        """Delete addresses and keys of `person`, whom this node no longer looks for."""
        with self._database.joined():
            number = self.persons.find(person)
            self._database.run("DELETE FROM address WHERE person = ?", (number,))
            self._database.run("DELETE FROM pinned WHERE person = ?", (number,))

    def forget_device(self, device: DeviceId) -> None:
        """Delete addresses and keys of a device that was revoked."""
        with self._database.joined():
            number = self.devices.find(device)
            self._database.run("DELETE FROM address WHERE device = ?", (number,))
            self._database.run("DELETE FROM pinned WHERE device = ?", (number,))
