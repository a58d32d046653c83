"""Keeps the exact places of the owner and of their listings, by slot; no other node learns them."""

from __future__ import annotations

from meshnode.store.database import Database
from meshnode.store.people import People
from protocol import PROFILE_SLOT, Kind, PersonId

Point = tuple[float, float]
"""Latitude and longitude in degrees (WGS 84)."""


class Places:
    """Points by slot: under the profile's slot that of the owner, under a listing's slot that of the listing."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._people = people

    def keep(self, slot: bytes, point: Point) -> None:
        """Set the exact point of what is in `slot`."""
        self._database.run(
            "INSERT INTO place VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET lat = excluded.lat, lon = excluded.lon",
            (slot, *point),
        )

    def get(self, slot: bytes) -> Point | None:
        """Return the exact point; None if none is kept."""
        found = self._database.one("SELECT lat, lon FROM place WHERE slot = ?", (slot,))
        return None if found is None else (found[0], found[1])

    def forget(self, slot: bytes) -> None:
        """Delete the point."""
        self._database.run("DELETE FROM place WHERE slot = ?", (slot,))

    def forget_ended(self, owner: PersonId) -> None:
        """Delete the points of listings of `owner` that have ended or no longer have a place of their own."""
        self._database.run(
            "DELETE FROM place WHERE slot <> ? AND NOT EXISTS (SELECT 1 FROM record WHERE author = ? AND kind = ?"
            " AND record.slot = place.slot AND role = 0 AND NOT withdrawn AND record.place IS NOT NULL)",
            (PROFILE_SLOT, self._people.persons.find(owner), int(Kind.LISTING)),
        )
