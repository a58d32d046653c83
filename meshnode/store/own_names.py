"""Keeps the names by which the owner calls other people; no other node learns them.

They are few and asked for with every name that is shown, so they are kept in memory too.
"""

from __future__ import annotations

from meshnode.store.database import Database
from meshnode.store.people import People
from protocol import PersonId


class OwnNames:
    """The owner's own names for people."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._persons = people.persons
        self._known: dict[PersonId, str] | None = None
        database.on_rollback.append(self._forget)

    def all(self) -> dict[PersonId, str]:
        """Return the names by person. The caller must not change the dict."""
        if self._known is None:
            rows = self._database.all("SELECT person, name FROM own_name")
            self._known = {self._persons.key(number): name for number, name in rows}
        return self._known

    def set(self, person: PersonId, name: str) -> None:
        """Call `person` by this name, instead of any earlier one."""
        with self._database.joined():
            self._database.run(
                "INSERT INTO own_name VALUES (?, ?) ON CONFLICT DO UPDATE SET name = excluded.name",
                (self._persons.number(person), name),
            )
        self._forget()

    def remove(self, person: PersonId) -> None:
        """Delete the name, if there is one."""
        self._database.run("DELETE FROM own_name WHERE person = ?", (self._persons.find(person),))
        self._forget()

    def _forget(self) -> None:
        self._known = None
