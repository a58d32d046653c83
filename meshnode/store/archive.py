"""Keeps the owner's listings that have ended, with their last version; other nodes do not see them."""

from __future__ import annotations

from typing import NamedTuple

from meshnode.store.database import Database
from meshnode.store.reading import parsed
from protocol import Record


class ArchivedListing(NamedTuple):
    """A listing that has ended.

    `state` is `expired`, `closed` or `taken`, `at` the time (UNIX seconds), `record` the last version with a body.
    """

    state: str
    at: int
    record: Record


class ListingArchive:
    """The ended listings of the owner, by slot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, listing: ArchivedListing, until: int) -> None:
        """Keep `listing` until then (UNIX seconds), instead of what was kept for its slot."""
        self._database.run(
            "INSERT OR REPLACE INTO archive VALUES (?, ?, ?, ?, ?)",
            (listing.record.header.slot, listing.state, listing.at, until, listing.record.wire),
        )

    def forget(self, slot: bytes) -> None:
        """Delete what is kept for this slot: the listing was renewed or withdrawn."""
        self._database.run("DELETE FROM archive WHERE slot = ?", (slot,))

    def of(self, slot: bytes) -> ArchivedListing | None:
        """Return the ended listing of this slot; None if none is kept."""
        row = self._database.one("SELECT state, at, wire FROM archive WHERE slot = ?", (slot,))
        return None if row is None else ArchivedListing(row[0], row[1], parsed(row[2]))

    def all(self) -> list[ArchivedListing]:
        """Return all of them, the latest first."""
        rows = self._database.all("SELECT state, at, wire FROM archive ORDER BY at DESC, slot")
        return [ArchivedListing(state, at, parsed(wire)) for state, at, wire in rows]

    def purge(self, now: int) -> None:
        """Delete those that are kept until `now` or earlier."""
        self._database.run("DELETE FROM archive WHERE until <= ?", (now,))
