"""The exact places of the owner and of his listings: points that stay in this file, under the slot of what is there."""

from __future__ import annotations

from meshnode.store.database import Database
from meshnode.store.people import People
from protocol import PROFILE_SLOT, Kind, PersonId

Point = tuple[float, float]
"""Latitude and longitude in degrees (WGS 84)."""


class Places:
    """Points by slot: the profile's for the owner himself, a listing's for the listing."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._people = people

    def keep(self, slot: bytes, point: Point) -> None:
        """What is in `slot` is exactly there."""
        self._database.run(
            "INSERT INTO place VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET lat = excluded.lat, lon = excluded.lon",
            (slot, *point),
        )

    def get(self, slot: bytes) -> Point | None:
        """Where exactly that is; None if it was not said here."""
        found = self._database.one("SELECT lat, lon FROM place WHERE slot = ?", (slot,))
        return None if found is None else (found[0], found[1])

    def forget(self, slot: bytes) -> None:
        """Keep no point for it any more."""
        self._database.run("DELETE FROM place WHERE slot = ?", (slot,))

    def forget_ended(self, owner: PersonId) -> None:
        """Keep no point for listings of `owner` that are gone, or that no longer have a place of their own."""
        self._database.run(
            "DELETE FROM place WHERE slot <> ? AND NOT EXISTS (SELECT 1 FROM record WHERE author = ? AND kind = ?"
            " AND record.slot = place.slot AND role = 0 AND NOT withdrawn AND record.place IS NOT NULL)",
            (PROFILE_SLOT, self._people.persons.find(owner), int(Kind.LISTING)),
        )
