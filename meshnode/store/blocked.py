"""Keeps the list of people whom the owner blocks, by name and date; only tags of it are published."""

from __future__ import annotations

from meshnode.store.database import Database
from meshnode.store.people import People
from protocol import PersonId


class Blocked:
    """The people whom the owner blocks."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._people = people

    def add(self, person: PersonId, since: int, name: str | None = None) -> None:
        """Add a person, blocked `since` then (UNIX seconds); who is on the list keeps the earlier date."""
        with self._database.joined():
            self._database.run(
                "INSERT INTO blocked (person, since, name) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (self._people.persons.number(person), since, name),
            )

    def name(self, person: PersonId) -> str | None:
        """Return the name with which a person was put on the list; None if it is not known."""
        number = self._people.persons.find(person)
        value: str | None = self._database.value("SELECT name FROM blocked WHERE person = ?", (number,))
        return value

    def remove(self, person: PersonId) -> None:
        """Take a person off the list."""
        self._database.run("DELETE FROM blocked WHERE person = ?", (self._people.persons.find(person),))

    def all(self) -> list[tuple[PersonId, int]]:
        """Return everybody on the list, each with the date (UNIX seconds), the latest first."""
        rows = self._database.all("SELECT person, since FROM blocked ORDER BY since DESC, person DESC")
        return [(self._people.persons.key(person), since) for person, since in rows]

    def __contains__(self, person: PersonId) -> bool:
        found = self._database.one("SELECT 1 FROM blocked WHERE person = ?", (self._people.persons.find(person),))
        return found is not None
