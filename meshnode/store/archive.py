"""Own listings that are over, with what they said last; a memory of this node alone."""

from __future__ import annotations

from typing import NamedTuple

from meshnode.store.database import Database
from meshnode.store.reading import parsed
from protocol import Record


class ArchivedListing(NamedTuple):
    """A listing that has ended: its state (`expired`, `closed` or `taken`), since when (UNIX seconds), its last version."""

    state: str
    at: int
    record: Record


class ListingArchive:
    """What the owner posted and what is over."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, ended: ArchivedListing, until: int) -> None:
        """Keep `ended` until then (UNIX seconds), in place of what was known of the same listing."""
        self._database.run(
            "INSERT OR REPLACE INTO ended VALUES (?, ?, ?, ?, ?)",
            (ended.record.header.slot, ended.state, ended.at, until, ended.record.wire),
        )

    def forget(self, slot: bytes) -> None:
        """It stands again, or was taken back for good."""
        self._database.run("DELETE FROM ended WHERE slot = ?", (slot,))

    def of(self, slot: bytes) -> ArchivedListing | None:
        """The listing of this slot, if it is over."""
        row = self._database.one("SELECT how, at, wire FROM ended WHERE slot = ?", (slot,))
        return None if row is None else ArchivedListing(row[0], row[1], parsed(row[2]))

    def all(self) -> list[ArchivedListing]:
        """All of them, the latest first."""
        rows = self._database.all("SELECT how, at, wire FROM ended ORDER BY at DESC, slot")
        return [ArchivedListing(state, at, parsed(wire)) for state, at, wire in rows]

    def purge(self, now: int) -> None:
        """Forget those whose time has come."""
        self._database.run("DELETE FROM ended WHERE forget <= ?", (now,))
