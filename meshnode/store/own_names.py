"""Keeps the names by which the owner knows other people; no other node learns them.

The owner has chosen some of them. The others are those that people had when the owner first vouched for them: they
are still shown by these where they rename themselves later.

They are few and asked for with every name that is shown, so they are kept in memory too.
"""

from __future__ import annotations

from meshnode.store.database import Database
from meshnode.store.people import People
from protocol import PersonId


class OwnNames:
    """The owner's names for people: chosen ones and first ones."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._persons = people.persons
        self._known: dict[PersonId, str] | None = None
        self._first: frozenset[PersonId] = frozenset()
        database.on_rollback.append(self._forget)

    def all(self) -> dict[PersonId, str]:
        """Return the names by person, a chosen one rather than a first one. The caller must not change the dict."""
        if self._known is None:
            rows = [
                (self._persons.key(number), name, chosen)
                for number, name, chosen in self._database.all("SELECT person, name, chosen FROM own_name")
            ]
            self._known = {person: name for person, name, _ in rows}
            self._first = frozenset(person for person, _, chosen in rows if not chosen)
        return self._known

    def chosen(self) -> dict[PersonId, str]:
        """Return the names that the owner has chosen, by person."""
        return {person: name for person, name in self.all().items() if person not in self._first}

    def set(self, person: PersonId, name: str) -> None:
        """Call `person` by this name, which the owner has chosen, instead of any earlier one."""
        self._keep(person, name, chosen=True)

    def keep_first(self, person: PersonId, name: str) -> None:
        """Keep the name under which `person` is first vouched for, unless there is a name for them already."""
        if person not in self.all():
            self._keep(person, name, chosen=False)

    def remove(self, person: PersonId) -> None:
        """Delete the name, if there is one."""
        self._database.run("DELETE FROM own_name WHERE person = ?", (self._persons.find(person),))
        self._forget()

    def _keep(self, person: PersonId, name: str, *, chosen: bool) -> None:
        with self._database.joined():
            self._database.run(
                "INSERT INTO own_name (person, name, chosen) VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET name = excluded.name, chosen = excluded.chosen",
                (self._persons.number(person), name, chosen),
            )
        self._forget()

    def _forget(self) -> None:
        self._known = None
