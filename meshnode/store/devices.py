"""The owner's other devices: codes shown to machines that are to become one, names, and what is to be written anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from meshnode.store.database import Database
from meshnode.store.people import People
from protocol import DeviceId, Record

_CODES = "SELECT id, secret, name, expires, used_by FROM device_code"


class IssuedCode(NamedTuple):
    """A device code of ours: `name` is what the new device will be called, `used_by` which one it became."""

    id: bytes
    secret: bytes
    name: str
    expires: int
    used_by: DeviceId | None


class OwnDevice(NamedTuple):
    """What is remembered of a device of the owner's: its name, and when it was met last (UNIX seconds)."""

    name: str | None
    seen: int | None


class PendingReissue(NamedTuple):
    """A record to be written anew, under its number here; with `blocks_only`, of a policy no more than its blocks."""

    number: int
    record: Record
    blocks_only: bool


class Devices:
    """The other devices of one node's owner."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._numbers = people.devices

    # --- codes -------------------------------------------------------------------------------------------------------

    def add_code(self, code_id: bytes, secret: bytes, name: str, expires: int) -> None:
        """Remember a code that is about to be shown; one shown before that nobody has used works no more."""
        with self._database.joined():
            self._database.run("DELETE FROM device_code WHERE used_by IS NULL")
            self._database.run("INSERT INTO device_code VALUES (?, ?, ?, ?, NULL)", (code_id, secret, name, expires))

    def codes(self, now: int) -> list[IssuedCode]:
        """Every code that has not expired, the used ones too."""
        rows = self._database.all(f"{_CODES} WHERE expires > ? ORDER BY rowid DESC", (now,))
        return [IssuedCode._make(row) for row in rows]

    def code(self, code_id: bytes) -> IssuedCode | None:
        """That code, expired or not; None once it was forgotten."""
        row = self._database.one(f"{_CODES} WHERE id = ?", (code_id,))
        return None if row is None else IssuedCode._make(row)

    def use_code(self, code_id: bytes, device: DeviceId) -> None:
        """`device` is certified for this code: it is of no use to any other."""
        self._database.run("UPDATE device_code SET used_by = ? WHERE id = ?", (device, code_id))

    def purge(self, now: int) -> None:
        """Forget every code that has expired."""
        self._database.run("DELETE FROM device_code WHERE expires <= ?", (now,))

    # --- names -------------------------------------------------------------------------------------------------------

    def known(self) -> dict[DeviceId, OwnDevice]:
        """What is remembered of each device."""
        rows = self._database.all("SELECT device, name, seen FROM own_device ORDER BY rowid")
        return {self._numbers.key(number): OwnDevice(name, seen) for number, name, seen in rows}

    def call(self, device: DeviceId, name: str) -> None:
        """Give a device its name."""
        self._database.run(
            "INSERT INTO own_device VALUES (?, ?, NULL) ON CONFLICT DO UPDATE SET name = excluded.name",
            (self._numbers.number(device), name),
        )

    def saw(self, device: DeviceId, when: int) -> None:
        """A device was met."""
        self._database.run(
            "INSERT INTO own_device VALUES (?, NULL, ?) ON CONFLICT DO UPDATE SET"
            " seen = max(coalesce(seen, 0), excluded.seen)",
            (self._numbers.number(device), when),
        )

    # --- to be written anew ------------------------------------------------------------------------------------------

    def add_pending_reissue(self, records: Iterable[Record], *, blocks_only: bool) -> None:
        """Remember that these, which a strike voids, are to be written anew by this device."""
        for record in records:
            self._database.run("INSERT INTO reissue (wire, blocks_only) VALUES (?, ?)", (record.wire, int(blocks_only)))

    def pending_reissues(self) -> list[PendingReissue]:
        """What is still to be written anew, in the order in which it was remembered."""
        rows = self._database.all("SELECT no, wire, blocks_only FROM reissue ORDER BY no")
        return [PendingReissue(number, Record.parse(wire), bool(blocks_only)) for number, wire, blocks_only in rows]

    def finish_reissue(self, number: int) -> None:
        """That one is written anew, or needs not be."""
        self._database.run("DELETE FROM reissue WHERE no = ?", (number,))
