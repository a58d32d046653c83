"""Keeps the phones that may use the owner's page, each by a hash of the secret that it shows, and what they did lately."""

from __future__ import annotations

from typing import NamedTuple

from meshnode.store.database import Database


class Phone(NamedTuple):
    """A phone that was let in: over `scheme`, from the subnet `network` alone. Times are UNIX seconds."""

    name: str
    hash: bytes
    scheme: str
    network: str
    admitted: int
    seen: int


class PhoneAct(NamedTuple):
    """Something that a phone did: a word for what, and the thing in the address."""

    at: int
    phone: str
    act: str
    subject: str


class Phones:
    """The phones of one node's owner, and the log of what they did."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, phone: Phone) -> None:
        """Let a phone in."""
        self._database.run("INSERT INTO phone VALUES (?, ?, ?, ?, ?, ?)", tuple(phone))

    def all(self) -> list[Phone]:
        """Return all phones by name."""
        return [Phone._make(row) for row in self._database.all("SELECT * FROM phone ORDER BY name")]

    def find(self, hash_: bytes) -> Phone | None:
        """Return the phone that shows the secret with this hash."""
        row = self._database.one("SELECT * FROM phone WHERE hash = ?", (hash_,))
        return None if row is None else Phone._make(row)

    def note_seen(self, name: str, now: int) -> None:
        """Note that a phone was used."""
        self._database.run("UPDATE phone SET seen = ? WHERE name = ?", (now, name))

    def remove(self, name: str) -> None:
        """Let a phone in no longer."""
        self._database.run("DELETE FROM phone WHERE name = ?", (name,))

    def remove_unused(self, before: int) -> None:
        """Forget the phones that were last used before this time."""
        self._database.run("DELETE FROM phone WHERE seen < ?", (before,))

    def note_act(self, act: PhoneAct, *, most: int) -> None:
        """Add to the log, of which the latest `most` entries are kept."""
        with self._database.joined():
            self._database.run("INSERT INTO phone_act (at, phone, act, subject) VALUES (?, ?, ?, ?)", tuple(act))
            self._database.run(
                "DELETE FROM phone_act WHERE number NOT IN (SELECT number FROM phone_act ORDER BY number DESC LIMIT ?)",
                (most,),
            )

    def acts(self, count: int) -> list[PhoneAct]:
        """Return the latest acts, the newest first."""
        rows = self._database.all(
            "SELECT at, phone, act, subject FROM phone_act ORDER BY number DESC LIMIT ?", (count,)
        )
        return [PhoneAct._make(row) for row in rows]
