"""Keeps the codes with which other machines become the owner's devices, the devices' names, and pending reissues."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from meshnode.store.database import Database
from meshnode.store.people import People
from protocol import DeviceId, Record, RemoteError

_CODES = "SELECT id, secret, name, expires, used_by FROM device_code"


class IssuedCode(NamedTuple):
    """A device code: `name` is the name of the new device, `used_by` the device that was certified for it."""

    id: bytes
    secret: bytes
    name: str
    expires: int
    used_by: DeviceId | None


class OwnDevice(NamedTuple):
    """A device of the owner's: its name, and when it was last connected (UNIX seconds)."""

    name: str | None
    seen: int | None


class PendingReissue(NamedTuple):
    """A record of a revoked device that this device has to sign again, with its number here.

    With `discard` nothing of it is signed again but the blocks of a policy, and of a profile what other devices have put
    there. `keep` has the subjects and tags of the entries of a policy that are; None: of all.
    """

    number: int
    record: Record
    discard: bool
    keep: frozenset[bytes] | None


class Devices:
    """The devices of the owner of this node."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._numbers = people.devices

    # --- codes -------------------------------------------------------------------------------------------------------

    def add_code(self, code_id: bytes, secret: bytes, name: str, expires: int) -> None:
        """Keep a code that is about to be shown; an earlier one that nobody has used stops working."""
        with self._database.joined():
            self.drop_unused_codes()
            self._database.run("INSERT INTO device_code VALUES (?, ?, ?, ?, NULL)", (code_id, secret, name, expires))

    def drop_unused_codes(self) -> None:
        """Delete every code that nobody has used."""
        self._database.run("DELETE FROM device_code WHERE used_by IS NULL")

    def codes(self, now: int) -> list[IssuedCode]:
        """Return every code that has not expired, also the used ones."""
        rows = self._database.all(f"{_CODES} WHERE expires > ? ORDER BY rowid DESC", (now,))
        return [IssuedCode._make(row) for row in rows]

    def code(self, code_id: bytes) -> IssuedCode | None:
        """Return that code, expired or not; None once it was deleted."""
        row = self._database.one(f"{_CODES} WHERE id = ?", (code_id,))
        return None if row is None else IssuedCode._make(row)

    def use_code(self, code_id: bytes, device: DeviceId) -> None:
        """Bind the code to `device`, which was certified for it."""
        self._database.run("UPDATE device_code SET used_by = ? WHERE id = ?", (device, code_id))

    def purge(self, now: int) -> None:
        """Delete every code that has expired."""
        self._database.run("DELETE FROM device_code WHERE expires <= ?", (now,))

    # --- names -------------------------------------------------------------------------------------------------------

    def known(self) -> dict[DeviceId, OwnDevice]:
        """Return what is known of each device."""
        rows = self._database.all("SELECT device, name, seen FROM own_device ORDER BY rowid")
        return {self._numbers.key(number): OwnDevice(name, seen) for number, name, seen in rows}

    def call(self, device: DeviceId, name: str) -> None:
        """Name a device."""
        self._database.run(
            "INSERT INTO own_device VALUES (?, ?, NULL) ON CONFLICT DO UPDATE SET name = excluded.name",
            (self._numbers.number(device), name),
        )

    def saw(self, device: DeviceId, when: int) -> None:
        """Note that a device was connected `when` (UNIX seconds)."""
        self._database.run(
            "INSERT INTO own_device VALUES (?, NULL, ?) ON CONFLICT DO UPDATE SET"
            " seen = max(coalesce(seen, 0), excluded.seen)",
            (self._numbers.number(device), when),
        )

    # --- pending reissues --------------------------------------------------------------------------------------------

    def add_pending_reissue(self, records: Iterable[Record], *, discard: bool, keep: frozenset[bytes] | None) -> None:
        """Remember that this device has to sign these records again, which a revocation makes void."""
        kept = None if keep is None else " ".join(sorted(entry.hex() for entry in keep))
        for record in records:
            self._database.run(
                "INSERT INTO reissue (wire, blocks_only, keep) VALUES (?, ?, ?)", (record.wire, int(discard), kept)
            )

    def pending_reissues(self) -> list[PendingReissue]:
        """Return the records that are still to be signed again, in the order of adding.

        One that only another version of the program can read is left out, and stays.
        """
        pending = []
        rows = self._database.all("SELECT no, wire, blocks_only, keep FROM reissue ORDER BY no")
        for number, wire, discard, keep in rows:
            kept = None if keep is None else frozenset(map(bytes.fromhex, keep.split()))
            with suppress(RemoteError):
                pending.append(PendingReissue(number, Record.parse(wire), bool(discard), kept))
        return pending

    def finish_reissue(self, number: int) -> None:
        """Forget the pending reissue with this number: it was written, or is no longer needed."""
        self._database.run("DELETE FROM reissue WHERE no = ?", (number,))
