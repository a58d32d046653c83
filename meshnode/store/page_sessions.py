"""Keeps the browsers that may use the owner's page, each by a hash of the secret that it shows."""

from __future__ import annotations

from typing import NamedTuple

from meshnode.store.database import Database


class PageSession(NamedTuple):
    """A browser that was let in; times are UNIX seconds. `seen` is when it was used last, to a day."""

    hash: bytes
    opened: int
    seen: int


class PageSessions:
    """The browsers of one node's owner."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, hash_: bytes, now: int, *, most: int) -> None:
        """Let a browser in. Of more than `most`, those that were used longest ago are forgotten."""
        with self._database.joined():
            self._database.run("INSERT INTO page_session VALUES (?, ?, ?)", (hash_, now, now))
            self._database.run(
                "DELETE FROM page_session WHERE hash NOT IN"
                " (SELECT hash FROM page_session ORDER BY seen DESC, opened DESC, hash LIMIT ?)",
                (most,),
            )

    def find(self, hash_: bytes) -> PageSession | None:
        """Return the session with this hash."""
        row = self._database.one("SELECT hash, opened, seen FROM page_session WHERE hash = ?", (hash_,))
        return None if row is None else PageSession._make(row)

    def note_seen(self, hash_: bytes, now: int) -> None:
        """Note that a browser was used."""
        self._database.run("UPDATE page_session SET seen = ? WHERE hash = ?", (now, hash_))

    def remove(self, hash_: bytes) -> None:
        """Let a browser in no longer."""
        self._database.run("DELETE FROM page_session WHERE hash = ?", (hash_,))

    def remove_unused(self, before: int) -> None:
        """Forget the browsers that were last used before this time."""
        self._database.run("DELETE FROM page_session WHERE seen < ?", (before,))
