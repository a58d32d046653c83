"""Keeps what others hold: by parcels that were made for them or have come from them, and as sessions have shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from meshnode.store.database import Database
from meshnode.store.people import People
from protocol import DeviceId, PersonId


class MadePart(NamedTuple):
    """A part that was made for somebody and of which no receipt has come: when, and its items, 16 bytes each."""

    id: bytes
    made: int
    items: bytes


class HeldItems(NamedTuple):
    """Items that a device is known to hold, 16 bytes each, and when that was heard, in UNIX seconds."""

    device: DeviceId
    heard: int
    items: bytes


class CamePart(NamedTuple):
    """A part that has come from somebody: when, when its receipt was last sent (0: never), and what was not taken."""

    id: bytes
    came: int
    told: int
    not_taken: bytes


class Parcels:
    """The memory of parcels. Times are in UNIX seconds."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._persons, self._devices = people.persons, people.devices

    def made_for(self, person: PersonId) -> list[MadePart]:
        """Return the parts for `person` of which no receipt has come, the latest first."""
        found = self._database.all(
            "SELECT id, made, items FROM parcel_made WHERE person = ? ORDER BY made DESC, id",
            (self._persons.find(person),),
        )
        return [MadePart(*row) for row in found]

    def add_made(self, part: bytes, person: PersonId, made: int, items: bytes, *, keep: int) -> None:
        """Note a part that was made for `person`; of more than `keep`, those made first are forgotten."""
        number = self._persons.number(person)
        with self._database.joined():
            self._database.run("INSERT OR REPLACE INTO parcel_made VALUES (?, ?, ?, ?)", (part, number, made, items))
            self._database.run(
                "DELETE FROM parcel_made WHERE person = ?1 AND id NOT IN"
                " (SELECT id FROM parcel_made WHERE person = ?1 ORDER BY made DESC, id LIMIT ?2)",
                (number, keep),
            )

    def made_at(self, part: bytes) -> int | None:
        """Return when this part was made; None if its receipt has come, or it was forgotten."""
        made: int | None = self._database.value("SELECT made FROM parcel_made WHERE id = ?", (part,))
        return made

    def take_made(self, part: bytes, person: PersonId) -> MadePart | None:
        """Return this part for `person`, and forget it: its receipt has come. None if there is none."""
        found = self._database.one(
            "DELETE FROM parcel_made WHERE id = ? AND person = ? RETURNING id, made, items",
            (part, self._persons.find(person)),
        )
        return None if found is None else MadePart(*found)

    def held_by(self, person: PersonId) -> list[HeldItems]:
        """Return what each device of `person` is known to hold."""
        found = self._database.all(
            "SELECT device, heard, items FROM parcel_held WHERE person = ? ORDER BY device",
            (self._persons.find(person),),
        )
        return [HeldItems(self._devices.key(device), heard, items) for device, heard, items in found]

    def set_held(self, person: PersonId, device: DeviceId, heard: int, items: bytes) -> None:
        """Keep what this device is known to hold, instead of what was kept before."""
        self._database.run(
            "INSERT OR REPLACE INTO parcel_held VALUES (?, ?, ?, ?)",
            (self._persons.number(person), self._devices.number(device), heard, items),
        )

    def held_by_sessions(self, person: PersonId) -> list[HeldItems]:
        """Return what each device of `person` holds as sessions have shown: some parts for each, in their order."""
        found = self._database.all(
            "SELECT device, heard, items FROM session_held WHERE person = ? ORDER BY device, heard",
            (self._persons.find(person),),
        )
        return [HeldItems(self._devices.key(device), heard, items) for device, heard, items in found]

    def add_held_by_session(self, held: HeldItems, person: PersonId, *, keep: int) -> None:
        """Note what a session has shown; of more devices than `keep`, those last heard of first are forgotten."""
        numbers = self._persons.number(person), self._devices.number(held.device)
        with self._database.joined():
            self._database.run(
                "INSERT INTO session_held VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET items = CAST(items || excluded.items AS BLOB)",
                (*numbers, held.heard, held.items),
            )
            self._database.run(
                "DELETE FROM session_held WHERE device NOT IN"
                " (SELECT device FROM session_held GROUP BY device ORDER BY max(heard) DESC, device LIMIT ?)",
                (keep,),
            )

    def set_held_by_sessions(self, held: HeldItems, person: PersonId) -> None:
        """Keep what sessions have shown of this device in one part, instead of what was kept before."""
        numbers = self._persons.number(person), self._devices.number(held.device)
        with self._database.joined():
            self._database.run("DELETE FROM session_held WHERE person = ? AND device = ?", numbers)
            self._database.run("INSERT INTO session_held VALUES (?, ?, ?, ?)", (*numbers, held.heard, held.items))

    def forget_held(self, person: PersonId, device: DeviceId) -> None:
        """Forget what this device was known to hold."""
        numbers = self._persons.find(person), self._devices.find(device)
        with self._database.joined():
            for table in ("parcel_held", "session_held"):
                self._database.run(f"DELETE FROM {table} WHERE person = ? AND device = ?", numbers)  # noqa: S608 - ours

    def people(self) -> list[PersonId]:
        """Return everybody for whom a parcel was made, or who is known to hold something by one."""
        return self._people("SELECT person FROM parcel_made UNION SELECT person FROM parcel_held")

    def people_of_sessions(self, *, since: int) -> list[PersonId]:
        """Return everybody who is known to hold something by a session at this time or later."""
        return self._people("SELECT DISTINCT person FROM session_held WHERE heard >= ?", since)

    def _people(self, query: str, *values: int) -> list[PersonId]:
        return [self._persons.key(person) for (person,) in self._database.all(query, values)]

    def came_from(self, person: PersonId) -> list[CamePart]:
        """Return the parts that have come from `person`, the latest first."""
        found = self._database.all(
            "SELECT id, came, told, not_taken FROM parcel_came WHERE person = ? ORDER BY came DESC, id",
            (self._persons.find(person),),
        )
        return [CamePart(*row) for row in found]

    def has_come(self, part: bytes) -> bool:
        """Whether this part has come before."""
        return self._database.value("SELECT 1 FROM parcel_came WHERE id = ?", (part,)) is not None

    def add_came(self, part: bytes, person: PersonId, came: int, not_taken: bytes, *, told: int = 0, keep: int) -> None:
        """Note a part that has come, and when its receipt was sent; of more than `keep`, those that came first are forgotten."""
        number = self._persons.number(person)
        with self._database.joined():
            self._database.run(
                "INSERT OR REPLACE INTO parcel_came VALUES (?, ?, ?, ?, ?)", (part, number, came, told, not_taken)
            )
            self._database.run(
                "DELETE FROM parcel_came WHERE person = ?1 AND id NOT IN"
                " (SELECT id FROM parcel_came WHERE person = ?1 ORDER BY came DESC, id LIMIT ?2)",
                (number, keep),
            )

    def note_told(self, parts: Sequence[bytes], now: int) -> None:
        """Note that the receipts of these parts were sent."""
        with self._database.joined():
            for part in parts:
                self._database.run("UPDATE parcel_came SET told = ? WHERE id = ?", (now, part))

    def forget_person(self, person: PersonId) -> None:
        """Forget what was made for `person`, what they are known to hold, and what came from them."""
        number = self._persons.find(person)
        with self._database.joined():
            for table in ("parcel_made", "parcel_held", "parcel_came", "session_held"):
                self._database.run(f"DELETE FROM {table} WHERE person = ?", (number,))  # noqa: S608 - ours
