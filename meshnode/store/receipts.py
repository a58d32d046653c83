"""Keeps which letters of others the owner's devices have opened, and when receipts that say so are due."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from meshnode.store.database import Database
from meshnode.store.people import People
from protocol import Kind, PersonId


class OpenedLetterRow(NamedTuple):
    """A letter and the tag of a device that has opened it. `named` says that the newest receipt names both."""

    slot: bytes
    device: bytes
    expires: int
    named: bool


class Receipts:
    """The receipts of one node's owner, one for each person who wrote letters. Times are in UNIX seconds."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._persons = people.persons

    # --- letters that were opened --------------------------------------------------------------------------------------

    def add_opened(self, author: PersonId, slot: bytes, device: bytes, *, expires: int, named: bool) -> None:
        """Note that the device with this tag has opened a letter of `author`."""
        self._database.run(
            "INSERT INTO letter_opened VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET named = ?5",
            (self._persons.number(author), slot, device, expires, named),
        )

    def opened(self, author: PersonId) -> list[OpenedLetterRow]:
        """Return the letters of `author` that a receipt is to name, those that expire first before others."""
        rows = self._database.all(
            "SELECT slot, device, expires, named FROM letter_opened WHERE author = ? ORDER BY expires, slot, device",
            (self._persons.find(author),),
        )
        return [OpenedLetterRow(slot, device, expires, bool(named)) for slot, device, expires, named in rows]

    def named_by_others(self, author: PersonId, own: bytes) -> bool:
        """Whether a receipt for `author` names a device other than the one with the tag `own`."""
        found = self._database.value(
            "SELECT 1 FROM letter_opened WHERE author = ? AND device <> ? AND named = 1 LIMIT 1",
            (self._persons.find(author), own),
        )
        return found is not None

    def note_named(self, author: PersonId, slots: Collection[bytes]) -> None:
        """Note that the newest receipt for `author` names what is known of the letters in these slots, and nothing else."""
        number = self._persons.find(author)
        with self._database.joined():
            self._database.run("UPDATE letter_opened SET named = 0 WHERE author = ?", (number,))
            for slot in slots:
                self._database.run("UPDATE letter_opened SET named = 1 WHERE author = ? AND slot = ?", (number, slot))

    def forget_ended(self, now: int) -> None:
        """Forget the letters that have expired at `now`, or whose withdrawal is known here."""
        self._database.run(
            "DELETE FROM letter_opened WHERE expires <= ? OR EXISTS (SELECT 1 FROM record WHERE"  # noqa: S608 - ours
            f" record.author = letter_opened.author AND kind = {Kind.LETTER:d} AND record.slot = letter_opened.slot"
            " AND role = 0 AND withdrawn = 1)",
            (now,),
        )

    # --- receipts --------------------------------------------------------------------------------------------------------

    def count(self) -> int:
        """Return how many receipts there are, or are to be."""
        return int(self._database.value("SELECT count(*) FROM receipt"))

    def has(self, person: PersonId) -> bool:
        """Whether there is a receipt for `person`, or is to be one."""
        found = self._database.value("SELECT 1 FROM receipt WHERE person = ?", (self._persons.find(person),))
        return found is not None

    def people(self) -> list[PersonId]:
        """Return everybody for whom there is a receipt, or is to be one."""
        return [self._persons.key(number) for (number,) in self._database.all("SELECT person FROM receipt")]

    def set_due(self, person: PersonId, due: int) -> None:
        """Let the next version of the receipt for `person` be due at that time; an earlier time that is set stays."""
        self._database.run(
            "INSERT INTO receipt VALUES (?1, ?2, 0, 0) ON CONFLICT DO UPDATE SET due = min(coalesce(due, ?2), ?2)",
            (self._persons.number(person), due),
        )

    def hasten(self, person: PersonId, now: int) -> None:
        """Let the receipt for `person` be due now, if one is due at all."""
        self._database.run(
            "UPDATE receipt SET due = ? WHERE person = ? AND due IS NOT NULL", (now, self._persons.find(person))
        )

    def postpone(self, person: PersonId, due: int | None) -> None:
        """Let the receipt for `person` be due at that time, or not at all."""
        self._database.run("UPDATE receipt SET due = ? WHERE person = ?", (due, self._persons.find(person)))

    def due(self) -> list[tuple[PersonId, int]]:
        """Return for whom a receipt is due, and when, the first before others."""
        rows = self._database.all("SELECT person, due FROM receipt WHERE due IS NOT NULL ORDER BY due, person")
        return [(self._persons.key(number), due) for number, due in rows]

    def unsettled(self) -> list[PersonId]:
        """Return for whom no version is due although the newest names too little, or there is no letter left to name."""
        rows = self._database.all(
            "SELECT person FROM receipt WHERE due IS NULL AND (EXISTS (SELECT 1 FROM letter_opened WHERE author = person"
            " AND named = 0) OR NOT EXISTS (SELECT 1 FROM letter_opened WHERE author = person))"
        )
        return [self._persons.key(number) for (number,) in rows]

    def written(self, day: int, person: PersonId | None = None) -> int:
        """Return how many versions were written on this day (days since 1970), for `person` or in all."""
        if person is None:
            return int(self._database.value("SELECT coalesce(sum(written), 0) FROM receipt WHERE day = ?", (day,)))
        found = self._database.value(
            "SELECT written FROM receipt WHERE day = ? AND person = ?", (day, self._persons.find(person))
        )
        return int(found or 0)

    def note_written(self, person: PersonId, day: int) -> None:
        """Note that a version was written on this day; none is due any longer."""
        self._database.run(
            "UPDATE receipt SET due = NULL, written = CASE day WHEN ?1 THEN written ELSE 0 END + 1, day = ?1"
            " WHERE person = ?2",
            (day, self._persons.find(person)),
        )

    def forget(self, person: PersonId) -> None:
        """Forget the receipt for `person` and the letters that it named."""
        number = self._persons.find(person)
        with self._database.joined():
            self._database.run("DELETE FROM letter_opened WHERE author = ?", (number,))
            self._database.run("DELETE FROM receipt WHERE person = ?", (number,))
