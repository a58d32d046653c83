"""Keeps the photos of listings by their hashes: which listings name them, and their bytes as far as they are here.

A photo lives as long as a listing that names it is held, and no longer: SQLite takes the names away with the listing's row,
and the bytes are deleted before the same commit ends. They are overwritten like all that is deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

from meshnode.store.database import Database
from meshnode.store.people import People
from meshnode.store.rows import RecordState
from protocol import PersonId, Photo, PhotoHash, RecordId

DELETED_AT_ONCE = 40  # photos of one commit, 16 MB at most; the others go with the next ones


class PhotoState(IntEnum):
    """The state of the bytes of a photo."""

    OWN = 1
    """Made here, of a picture that the owner has chosen: it is shown as it is."""
    CAME = 2
    """Fetched and not decoded yet: neither shown nor passed on."""
    CHECKED = 3
    """Fetched, decoded, and encoded again to be shown."""
    REFUSED = 4
    """It cannot be decoded: nothing of it is kept, and it is not fetched again."""


class Named(NamedTuple):
    """A photo or thumbnail that a listing in use names and that is not here."""

    hash: PhotoHash
    size: int
    thumbnail: bool
    record: RecordId
    author: PersonId


class Photos:
    """The photos of one store."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._people = people
        self.moved = True
        """Whether more may be lacking than when this was last set to False."""
        self.owner: PersonId | None = None
        """The owner's photos stay when no listing names them: an ended listing may be renewed. See `unnamed_of_owner`."""
        database.before_commit.append(self._delete_unnamed)
        database.on_rollback.append(self._note_moved)

    def _note_moved(self) -> None:
        self.moved = True

    # --- names --------------------------------------------------------------------------------------------------------

    def name(self, record: int, photos: Sequence[Photo]) -> None:
        """Note, in an open transaction, that the listing in this row names these photos."""
        self.moved = True
        for place, photo in enumerate(photos):
            for thumbnail, hash_, size in ((0, photo.hash, photo.size), (1, photo.thumbnail, photo.thumbnail_size)):
                self._database.run(
                    "INSERT INTO photo_name VALUES (?, ?, ?, ?, ?)", (record, place, thumbnail, hash_, size)
                )

    def unname(self, record: int) -> None:
        """Note, in an open transaction, that the body of this listing is no longer held."""
        self._database.run("DELETE FROM photo_name WHERE record = ?", (record,))

    def named_by(self, hash_: PhotoHash) -> list[RecordId]:
        """Return the listings in use that name this photo."""
        found = self._database.all(
            "SELECT DISTINCT record.id FROM photo_name JOIN record ON record.no = photo_name.record"
            " WHERE photo_name.hash = ? AND record.state = ?",
            (hash_, int(RecordState.LIVE)),
        )
        return [id_ for (id_,) in found]

    def lacking(self) -> list[Named]:
        """Return what listings in use name and is not here: thumbnails first, then the newest listings."""
        found = self._database.all(
            "SELECT photo_name.hash, photo_name.size, photo_name.thumbnail, record.id, record.author FROM photo_name"
            " JOIN record ON record.no = photo_name.record LEFT JOIN photo ON photo.hash = photo_name.hash"
            " WHERE photo.hash IS NULL AND record.state = ? AND record.received_from IS NOT NULL"
            " ORDER BY photo_name.thumbnail DESC, record.created DESC, photo_name.place, record.id",
            (int(RecordState.LIVE),),
        )
        return [
            Named(hash_, size, bool(thumbnail), id_, self._people.persons.key(author))
            for hash_, size, thumbnail, id_, author in found
        ]

    # --- bytes --------------------------------------------------------------------------------------------------------

    def add(self, hash_: PhotoHash, author: PersonId, data: bytes, state: PhotoState, now: int) -> None:
        """Keep the bytes of a photo, unless they are here."""
        self._database.run(
            "INSERT INTO photo VALUES (?, ?, ?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING",
            (hash_, self._people.persons.number(author), int(state), now, len(data), data),
        )

    def state(self, hash_: PhotoHash) -> PhotoState | None:
        """Return the state of a photo; None if its bytes are not here."""
        found = self._database.value("SELECT state FROM photo WHERE hash = ?", (hash_,))
        return None if found is None else PhotoState(found)

    def given(self, hash_: PhotoHash) -> bytes | None:
        """Return the bytes of a photo as its author made them, if they are here and were decoded."""
        data: bytes | None = self._database.value(
            "SELECT data FROM photo WHERE hash = ? AND state IN (?, ?)",
            (hash_, int(PhotoState.OWN), int(PhotoState.CHECKED)),
        )
        return data

    def shown(self, hash_: PhotoHash) -> bytes | None:
        """Return the bytes of a photo as they were made here, which alone are shown."""
        data: bytes | None = self._database.value(
            "SELECT CASE state WHEN ? THEN data ELSE shown END FROM photo WHERE hash = ? AND state IN (?, ?)",
            (int(PhotoState.OWN), hash_, int(PhotoState.OWN), int(PhotoState.CHECKED)),
        )
        return data

    def unchecked(self, most: int) -> list[tuple[PhotoHash, bytes]]:
        """Return some photos that came and were not decoded yet, all of one author."""
        return self._database.all(
            "SELECT hash, data FROM photo WHERE state = 2"
            " AND author = (SELECT author FROM photo WHERE state = 2 LIMIT 1) LIMIT ?",
            (most,),
        )

    def note_checked(self, hash_: PhotoHash, shown: bytes | None) -> None:
        """Note how a photo is shown; None if it cannot be decoded."""
        if shown is None:
            self._database.run(
                "UPDATE photo SET state = ?, size = 0, data = x'', shown = NULL WHERE hash = ?",
                (int(PhotoState.REFUSED), hash_),
            )
        else:
            self._database.run(
                "UPDATE photo SET state = ?, shown = ?, size = length(data) + ? WHERE hash = ? AND state = ?",
                (int(PhotoState.CHECKED), shown, len(shown), hash_, int(PhotoState.CAME)),
            )

    # --- room ---------------------------------------------------------------------------------------------------------

    def sizes(self) -> dict[PersonId, int]:
        """Return how many bytes the photos of each author take up."""
        found = self._database.all("SELECT author, sum(size) FROM photo GROUP BY author")
        return {self._people.persons.key(author): size for author, size in found}

    def delete_some_of(self, author: PersonId, size: int) -> int:
        """Delete photos of this author until so many bytes are free, the largest first; return how many bytes went."""
        gone = 0
        rows = self._database.all(
            "SELECT hash, size FROM photo WHERE author = ? ORDER BY size DESC", (self._people.persons.find(author),)
        )
        for hash_, bytes_ in rows:
            if gone >= size:
                break
            self._database.run("DELETE FROM photo WHERE hash = ?", (hash_,))
            gone += bytes_
        self.moved = True
        return gone

    def unnamed_of_owner(self) -> list[tuple[PhotoHash, int]]:
        """Return the owner's photos and thumbnails that no listing names, each with the time at which it was added."""
        return self._database.all(
            "SELECT hash, added FROM photo WHERE author = ? AND hash NOT IN (SELECT hash FROM photo_name)",
            (self._owner_number(),),
        )

    def delete(self, hashes: Iterable[PhotoHash]) -> None:
        """Delete these photos."""
        with self._database.joined():
            for hash_ in hashes:
                self._database.run("DELETE FROM photo WHERE hash = ?", (hash_,))

    def _owner_number(self) -> int | None:
        return None if self.owner is None else self._people.persons.find(self.owner)

    def has_unnamed(self) -> bool:
        """Whether photos are left that went with their listings."""
        return self._database.value("SELECT 1 FROM photo_unnamed LIMIT 1") is not None

    def _delete_unnamed(self) -> None:
        rows = self._database.all("SELECT hash FROM photo_unnamed LIMIT ?", (DELETED_AT_ONCE,))
        for row in rows:
            self._database.run(
                "DELETE FROM photo WHERE hash = ?1 AND author IS NOT ?2"
                " AND NOT EXISTS (SELECT 1 FROM photo_name WHERE hash = ?1)",
                (*row, self._owner_number()),
            )
            self._database.run("DELETE FROM photo_unnamed WHERE hash = ?", row)
