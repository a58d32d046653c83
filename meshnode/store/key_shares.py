"""Keeps the shares of other people's identity keys, until their owners take them back or give others."""

from __future__ import annotations

from typing import NamedTuple

from meshnode.store.database import Database
from meshnode.store.people import People
from protocol import PersonId


class StoredShare(NamedTuple):
    """The share of one person's key; `made` in UNIX seconds. Without `words` it was taken back."""

    made: int
    need: int
    words: str


class KeyShares:
    """The shares that the owner of this node keeps for others, one for each person at most."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._persons = people.persons

    def keep(self, person: PersonId, share: StoredShare) -> None:
        """Keep the share of this person, instead of an earlier one."""
        self._database.run(
            "INSERT OR REPLACE INTO key_share VALUES (?, ?, ?, ?)", (self._persons.number(person), *share)
        )

    def of(self, person: PersonId) -> StoredShare | None:
        """Return the share of this person's key, also one that was taken back; None if there never was one."""
        row = self._database.one(
            "SELECT made, need, words FROM key_share WHERE person = ?", (self._persons.find(person),)
        )
        return None if row is None else StoredShare._make(row)

    def kept(self) -> dict[PersonId, StoredShare]:
        """Return the shares by the people whose they are, without those that were taken back."""
        return {person: share for person, share in self.all().items() if share.words}

    def all(self) -> dict[PersonId, StoredShare]:
        """Return the shares by the people whose they are, those that were taken back too."""
        rows = self._database.all("SELECT person, made, need, words FROM key_share ORDER BY person")
        return {self._persons.key(person): StoredShare(made, need, words) for person, made, need, words in rows}
