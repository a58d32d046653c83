"""Remembers what this device has signed, so that it notices records which a copy of it signed.

The disk of a device may be copied to a second machine, or an old image of it put back. Both look alike from here: a
record arrives that this device's key signed and that this device does not know.
"""

from __future__ import annotations

from meshnode.store.database import Database
from meshnode.store.reading import parsed
from protocol import Record, RecordId

# The name, in the store's small values, of the time (UNIX seconds) since which all own records are remembered.
_SINCE = "signed_since"


class SignedRecords:
    """The records that this device has signed, and those that a copy of it has."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._signed_now: set[RecordId] = set()  # since the store was opened, so no copy of it can know them

    def remember(self, record: Record) -> None:
        """Remember a record that this device has just signed."""
        self._signed_now.add(record.id)
        self._insert(record)

    def knows(self, record: Record) -> bool:
        """Whether this device signed `record`, as far as it can remember."""
        if self._database.one("SELECT 1 FROM signed_record WHERE id = ?", (record.id,)) is not None:
            return True
        since = self._database.value("SELECT value FROM meta WHERE name = ?", (_SINCE,))
        return since is not None and record.header.created <= int(since)

    def hear(self, record: Record, newest: Record | None) -> None:
        """Note that a copy of this device has signed `record`, and know it from now on.

        `newest` is what was held of its register. The older of the two is kept until `settle` if its writer and that of
        the newer one cannot have known of each other.
        """
        lost = None
        if newest is not None and newest.rank > record.rank:
            lost = record.wire
        elif newest is not None and newest.id in self._signed_now:
            lost = newest.wire
        self._insert(record)
        self._database.run("INSERT INTO copied_record VALUES (?, ?) ON CONFLICT DO NOTHING", (record.id, lost))

    @property
    def was_copied(self) -> bool:
        """Whether a copy of this device was heard of, and `settle` was not called since."""
        return self._database.one("SELECT 1 FROM copied_record") is not None

    def lost(self) -> list[Record]:
        """Return the records that lost against one whose writer did not know of them."""
        return [parsed(wire) for (wire,) in self._database.all("SELECT wire FROM copied_record WHERE wire NOT NULL")]

    def settle(self) -> None:
        """Forget records of copies that were heard of: what they say was dealt with."""
        self._database.run("DELETE FROM copied_record")

    def keep_until(self, until: int) -> None:
        """Keep everything that is remembered at least until then (UNIX seconds): the dates of some of it were wrong."""
        self._database.run("UPDATE signed_record SET until = ? WHERE until < ?", (until, until))

    def purge(self, before: int) -> None:
        """Forget records of whose registers no version can have been alive since `before` (UNIX seconds)."""
        self._database.run("DELETE FROM signed_record WHERE until < ?", (before,))

    def _insert(self, record: Record) -> None:
        self._database.run(
            "INSERT INTO signed_record VALUES (?, ?) ON CONFLICT DO NOTHING", (record.id, record.header.latest_expiry)
        )
