"""Remembers what this device has signed, so that it notices records which a copy of it signed.

The disk of a device may be copied to a second machine, or an old image of it put back. Both look alike from here: a
record arrives that this device's key signed and that this device does not know.
"""

from __future__ import annotations

from meshnode.store.database import Database
from meshnode.store.reading import parsed
from protocol import Record, RecordId

# The name, in the store's small values, of the time (UNIX seconds) since which all own records are remembered.
_SINCE = "own_words_since"


class OwnWords:
    """The records that this device has signed, and those that a copy of it has."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, record: Record) -> None:
        """Remember a record that this device has just signed."""
        self._database.run(
            "INSERT INTO own_word VALUES (?, ?) ON CONFLICT DO NOTHING", (record.id, record.header.latest_expiry)
        )

    def knows(self, record: Record) -> bool:
        """Whether this device signed `record`, as far as it can remember."""
        if self._database.one("SELECT 1 FROM own_word WHERE id = ?", (record.id,)) is not None:
            return True
        since = self._database.value("SELECT value FROM meta WHERE name = ?", (_SINCE,))
        return since is not None and record.header.created <= int(since)

    def hear(self, record: Record) -> None:
        """Keep a record that a copy of this device has signed, until `settle`, and know it from now on."""
        self.remember(record)
        self._database.run(
            "INSERT INTO unknown_own_word VALUES (?, ?) ON CONFLICT DO NOTHING", (record.id, record.wire)
        )

    def heard(self) -> list[Record]:
        """Return the records of copies that wait to be joined with what this device wrote."""
        return [parsed(wire) for (wire,) in self._database.all("SELECT wire FROM unknown_own_word ORDER BY id")]

    def settle(self, record_id: RecordId) -> None:
        """Forget that this record waits."""
        self._database.run("DELETE FROM unknown_own_word WHERE id = ?", (record_id,))

    def purge(self, before: int) -> None:
        """Forget records of whose registers no version can have been alive since `before` (UNIX seconds)."""
        self._database.run("DELETE FROM own_word WHERE until < ?", (before,))
