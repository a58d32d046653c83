"""Keeps what the owner has for themselves and each of their devices is to know, such as names for people, with its stamps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from meshnode.store.database import Database
from protocol.letters import Note


class OwnNote(NamedTuple):
    """A note, and its value as this device has put it to use (None: it has none)."""

    note: Note
    here: bytes | None


class OwnNotes:
    """The notes of one node's owner."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[tuple[int, bytes], OwnNote]:
        """Return the notes by kind and key, removed ones too."""
        rows = self._database.all("SELECT kind, key, value, stamp, here FROM own_note ORDER BY kind, key")
        return {(kind, key): OwnNote(Note(kind, key, value, stamp), here) for kind, key, value, stamp, here in rows}

    def get(self, kind: int, key: bytes) -> Note | None:
        """Return one note, also a removed one; None if it is not known."""
        row = self._database.one("SELECT value, stamp FROM own_note WHERE kind = ? AND key = ?", (kind, key))
        return None if row is None else Note(kind, key, *row)

    def of_kind(self, kind: int) -> dict[bytes, bytes]:
        """Return the values of the notes of one kind by key, without removed ones."""
        return dict(self._database.all("SELECT key, value FROM own_note WHERE kind = ? AND value IS NOT NULL", (kind,)))

    def count(self) -> int:
        """Return how many notes there are, removed ones included."""
        return int(self._database.value("SELECT count(*) FROM own_note"))

    def highest_stamp(self) -> int:
        """Return the highest stamp of a note; 0 while there is none."""
        return int(self._database.value("SELECT coalesce(max(stamp), 0) FROM own_note"))

    def set(self, note: Note) -> None:
        """Keep a note that was made here; other devices are still to be told."""
        self._database.run(
            "INSERT INTO own_note VALUES (?1, ?2, ?3, ?4, ?3, NULL) ON CONFLICT DO UPDATE SET"
            " value = excluded.value, stamp = excluded.stamp, here = excluded.here, by = NULL",
            (note.kind, note.key, note.value, note.stamp),
        )

    def take(self, note: Note, by: bytes) -> bool:
        """Keep a note of another device, told by the letter in slot `by`, if it counts more; return whether it does."""
        known = self.get(note.kind, note.key)
        if known is not None and known.rank > note.rank:
            return False
        self._database.run(
            "INSERT INTO own_note VALUES (?, ?, ?, ?, NULL, ?) ON CONFLICT DO UPDATE SET"
            " value = excluded.value, stamp = excluded.stamp, by = excluded.by",
            (note.kind, note.key, note.value, note.stamp, by),
        )
        return True

    def note_used(self, kind: int, key: bytes) -> None:
        """Note that this device has put the value of that note to use."""
        self._database.run("UPDATE own_note SET here = value WHERE kind = ? AND key = ?", (kind, key))

    def forget(self, kind: int, key: bytes) -> None:
        """Forget a note that is of no use to any device."""
        self._database.run("DELETE FROM own_note WHERE kind = ? AND key = ?", (kind, key))

    def untold(self, most: int) -> list[Note]:
        """Return the first notes, `most` of them, that no letter tells other devices."""
        rows = self._database.all(
            "SELECT kind, key, value, stamp FROM own_note WHERE by IS NULL ORDER BY kind, stamp DESC, key LIMIT ?",
            (most,),
        )
        return [Note(*row) for row in rows]

    def note_told(self, notes: Iterable[Note], by: bytes) -> None:
        """Note that the letter in slot `by` tells other devices these notes."""
        for note in notes:
            self._database.run(
                "UPDATE own_note SET by = ? WHERE kind = ? AND key = ? AND stamp = ?",
                (by, note.kind, note.key, note.stamp),
            )

    def told_by(self) -> list[tuple[bytes, list[Note]]]:
        """Return the slots of the letters that tell notes, each with these, those with few first."""
        told: dict[bytes, list[Note]] = {}
        for by, *note in self._database.all(
            "SELECT by, kind, key, value, stamp FROM own_note"
            " WHERE by IN (SELECT slot FROM letter_sent WHERE in_transit = 1) ORDER BY by, kind, key"
        ):
            told.setdefault(by, []).append(Note(*note))
        return sorted(told.items(), key=lambda one: len(one[1]))

    def tell_all(self) -> None:
        """Let all notes be told: there is a new device."""
        self._database.run("UPDATE own_note SET by = NULL")
