"""People and devices by number, where they were reached, and the keys it takes to reach them again.

A key is 32 bytes and is named by every record: rows carry a small number instead, which only this package sees.
"""

from __future__ import annotations

from typing import NamedTuple

from meshnode.store.database import Database
from protocol import DeviceId, PersonId, limits


class KnownAddress(NamedTuple):
    """Where a device was reached, and when last (UNIX seconds)."""

    device: DeviceId
    host: str
    port: int
    seen: int


class PinnedKeys(NamedTuple):
    """What it takes to dial a device: its X25519 key, and its person's presence key as last known."""

    device: DeviceId
    dh_public: bytes
    presence_key: bytes | None


class Numbers:
    """The numbers of 32-byte keys in one table, cached both ways."""

    def __init__(self, database: Database, table: str) -> None:
        self._database = database
        self._find = f"SELECT no FROM {table} WHERE key = ?"  # noqa: S608 - table names are ours
        self._make = f"INSERT INTO {table} (key) VALUES (?) RETURNING no"  # noqa: S608
        self._read = f"SELECT key FROM {table} WHERE no = ?"  # noqa: S608
        self._number: dict[bytes, int] = {}
        self._key: dict[int, bytes] = {}
        database.on_rollback.append(self._forget)

    def find(self, key: bytes) -> int | None:
        """The number of `key`, None if it never had one."""
        number = self._number.get(key)
        if number is None:
            number = self._database.value(self._find, (key,))
            if number is not None:
                self._keep(key, number)
        return number

    def number(self, key: bytes) -> int:
        """The number of `key`, given to it now if need be."""
        number = self._number.get(key) or self.find(key)
        if number is None:
            number = int(self._database.value(self._make, (key,)))
            self._keep(key, number)
        return number

    def key(self, number: int) -> bytes:
        """The key that has this number."""
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
    """Whom this node knows how to reach. `persons` and `devices` are for the rest of the store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.persons = Numbers(database, "person")
        self.devices = Numbers(database, "device")

    def remember(self, person: PersonId, device: DeviceId, host: str, port: int, when: int) -> None:
        """`device` of `person` was reached at this address; the oldest beyond the cap are forgotten."""
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
        """Where `person` was reached, the latest first."""
        rows = self._database.all(
            "SELECT device, host, port, seen FROM address WHERE person = ? ORDER BY seen DESC, rowid DESC",
            (self.persons.find(person),),
        )
        return [KnownAddress(self.devices.key(device), host, port, seen) for device, host, port, seen in rows]

    def remember_keys(self, person: PersonId, device: DeviceId, dh_public: bytes, presence_key: bytes | None) -> None:
        """Keep what it takes to dial `device`; a None does not undo a presence key known from before."""
        with self._database.joined():
            self._database.run(
                "INSERT INTO pinned VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " dh_public = excluded.dh_public, presence_key = coalesce(excluded.presence_key, presence_key)",
                (self.persons.number(person), self.devices.number(device), dh_public, presence_key),
            )

    def keys(self, person: PersonId) -> list[PinnedKeys]:
        """What is kept to dial `person`'s devices, in the order in which they became known."""
        rows = self._database.all(
            "SELECT device, dh_public, presence_key FROM pinned WHERE person = ? ORDER BY rowid",
            (self.persons.find(person),),
        )
        return [PinnedKeys(self.devices.key(device), dh, presence) for device, dh, presence in rows]

    def kept(self) -> list[PersonId]:
        """Everybody whose keys are kept, in a fixed order."""
        return sorted(
            self.persons.key(number) for (number,) in self._database.all("SELECT DISTINCT person FROM pinned")
        )

    def forget(self, person: PersonId) -> None:
        """Drop addresses and keys of `person`: he is no longer somebody to look for."""
        with self._database.joined():
            number = self.persons.find(person)
            self._database.run("DELETE FROM address WHERE person = ?", (number,))
            self._database.run("DELETE FROM pinned WHERE person = ?", (number,))

    def forget_device(self, device: DeviceId) -> None:
        """Drop addresses and keys of a device that was struck."""
        with self._database.joined():
            number = self.devices.find(device)
            self._database.run("DELETE FROM address WHERE device = ?", (number,))
            self._database.run("DELETE FROM pinned WHERE device = ?", (number,))
