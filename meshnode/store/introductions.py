"""Keeps introductions of people to the owner, until the owner decides about them or they are too old."""

from __future__ import annotations

from typing import NamedTuple

from meshnode.store.database import Database
from meshnode.store.people import People
from protocol import PersonId, Record, RemoteError, decode, encode, limits


class StoredIntroduction(NamedTuple):
    """A person whom `introducer` has introduced to the owner `at` this time (UNIX seconds)."""

    person: PersonId
    introducer: PersonId
    name: str
    message: str
    certificates: tuple[Record, ...]
    at: int


class Introductions:
    """The introductions that one node has received."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._persons = people.persons

    def add(self, introduced: StoredIntroduction) -> None:
        """Keep an introduction instead of an earlier one of the same people; of each introducer the latest stay."""
        introducer = self._persons.number(introduced.introducer)
        wires = encode(tuple(record.wire for record in introduced.certificates))
        with self._database.joined():
            self._database.run(
                "INSERT OR REPLACE INTO introduction VALUES (?, ?, ?, ?, ?, ?)",
                (
                    self._persons.number(introduced.person),
                    introducer,
                    introduced.name,
                    introduced.message,
                    wires,
                    introduced.at,
                ),
            )
            self._database.run(
                "DELETE FROM introduction WHERE introducer = ? AND person IN (SELECT person FROM introduction"
                " WHERE introducer = ? ORDER BY at DESC, person DESC LIMIT -1 OFFSET ?)",
                (introducer, introducer, limits.INTRODUCTIONS_FROM_ONE_MAX),
            )

    def all(self, now: int) -> list[StoredIntroduction]:
        """Return every introduction that is not too old, the latest first."""
        rows = self._database.all(
            "SELECT person, introducer, name, message, certificates, at FROM introduction WHERE at > ?"
            " ORDER BY at DESC, person",
            (now - limits.INTRODUCTION_LIFE,),
        )
        key = self._persons.key
        return [
            StoredIntroduction(key(person), key(by), name, message, _records(wires), at)
            for person, by, name, message, wires, at in rows
        ]

    def forget(self, person: PersonId) -> None:
        """Delete the introductions of this person: the owner has decided."""
        self._database.run("DELETE FROM introduction WHERE person = ?", (self._persons.find(person),))

    def purge(self, now: int) -> None:
        """Delete those that are too old."""
        self._database.run("DELETE FROM introduction WHERE at <= ?", (now - limits.INTRODUCTION_LIFE,))


def _records(wires: bytes) -> tuple[Record, ...]:
    """Return the certificates, which were checked when they came."""
    found = decode(wires, max_bytes=limits.LETTER_SIZES[-1])
    assert isinstance(found, tuple)
    records = []
    for wire in found:
        try:
            records.append(Record.parse(wire if isinstance(wire, bytes) else b""))
        except RemoteError:
            continue  # an older version of this program could read it
    return tuple(records)
