"""Keeps the photos of listings by their hashes: which listings name them, and their bytes as far as they are here.

A photo lives as long as a listing that names it is in use, and no longer: SQLite takes the names away with the listing's row,
and the bytes are deleted before the same commit ends. They are overwritten like all that is deleted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

from msgspec import Struct

from meshnode.store.database import Database
from meshnode.store.people import People
from meshnode.store.rows import RecordState
from protocol import PersonId, Photo, PhotoHash, RecordId, limits

ROW_BYTES = 1_000  # that each photo counts beside its bytes: somebody may have a thousand of a few bytes
LOOKED_THROUGH_AT_ONCE = 500  # listings, whether their photos are here or not: some 5 ms
DELETED_AT_ONCE = (
    8  # photos and thumbnails of one commit, those of a listing, 2 MB at most; the others go with the next ones
)


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
    """A photo or thumbnail that a listing in use names."""

    hash: PhotoHash
    size: int
    thumbnail: bool
    record: RecordId
    author: PersonId


class PhotoUsage(Struct):
    """The bytes of all photos of one author and of the thumbnails among them, and the number that cannot be decoded."""

    size: int = 0
    thumbnails: int = 0
    refused: int = 0


class Photos:
    """The photos of one store."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._people = people
        self._usage: dict[int, PhotoUsage] | None = None
        self.changes = 0
        """Grows whenever a photo comes or goes."""
        self.moved = True
        """Whether more may be lacking than when this was last set to False."""
        self.owner: PersonId | None = None
        """The owner's photos stay when no listing names them: an ended listing may be renewed. See `unnamed_of_owner`."""
        self.has_space: Callable[[], bool] = lambda: True
        """Whether the journal has space for deleted photos: what takes a listing back needs little, and must not wait."""
        database.before_commit.append(self._delete_with_listing)
        database.on_rollback.append(self._note_moved)

    def _note_moved(self) -> None:
        self.moved = True
        self._usage = None
        self.changes += 1

    # --- names --------------------------------------------------------------------------------------------------------

    def name(self, record: int, photos: Sequence[Photo], author: int | None) -> None:
        """Note, in an open transaction, that the listing in this row names these photos.

        `author` is the row of its author; None while it is not in use.
        """
        self.moved = True
        for place, photo in enumerate(photos):
            for thumbnail, hash_, size in ((0, photo.hash, photo.size), (1, photo.thumbnail, photo.thumbnail_size)):
                self._database.run(
                    "INSERT INTO photo_name (record, place, thumbnail, hash, size, author, here)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, EXISTS (SELECT 1 FROM photo WHERE hash = ?4))",
                    (record, place, thumbnail, hash_, size, author),
                )

    def use(self, record: int, author: int | None) -> None:
        """Note, in an open transaction, that the listing in this row came into use, or, without an author, out of it.

        Out of use, for fewer people now for instance, it keeps its words for some days; its photos go at once.
        """
        self.moved |= self._database.run("UPDATE photo_name SET author = ? WHERE record = ?", (author, record)) > 0
        if author is None:
            self._database.run(
                "INSERT OR IGNORE INTO photo_unnamed SELECT hash FROM photo_name WHERE record = ?", (record,)
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

    def named_here(self, *, thumbnail: bool, before: int | None = None) -> tuple[list[Named], int | None]:
        """Return photos, or thumbnails, that listings in use name and that are here, those of the latest listings first.

        Only some listings are looked at; the second value is what to pass as `before` to go on, None at the end.
        """
        most = limits.INT_MAX if before is None else before
        last = self._database.value("SELECT max(record) FROM photo_name WHERE record < ?", (most,))
        if last is None:
            return [], None
        first = last - LOOKED_THROUGH_AT_ONCE + 1
        found = self._database.all(
            "SELECT photo_name.hash, photo_name.size, record.id, photo_name.author FROM photo_name"
            " JOIN record ON record.no = photo_name.record WHERE photo_name.record BETWEEN ? AND ?"
            " AND photo_name.thumbnail = ? AND photo_name.here = 1 AND photo_name.author IS NOT NULL"
            " ORDER BY photo_name.record DESC, photo_name.place",
            (first, last, int(thumbnail)),
        )
        key = self._people.persons.key
        return [Named(hash_, size, thumbnail, id_, key(author)) for hash_, size, id_, author in found], first

    def lacking_authors(self) -> list[PersonId]:
        """Return the authors of listings in use that name photos which are not here."""
        return self._authors("photo_name", "here = 0")

    def lacking_of(self, author: PersonId, most: int) -> list[Named]:
        """Return what listings of this author name and is not here: thumbnails first, then what the latest ones name."""
        found = self._database.all(
            "SELECT photo_name.hash, photo_name.size, photo_name.thumbnail, record.id FROM photo_name"
            " JOIN record ON record.no = photo_name.record WHERE photo_name.here = 0 AND photo_name.author = ?"
            " ORDER BY photo_name.thumbnail DESC, photo_name.record DESC, photo_name.place LIMIT ?",
            (self._people.persons.find(author), most),
        )
        return [Named(hash_, size, bool(thumbnail), id_, author) for hash_, size, thumbnail, id_ in found]

    def lacking_among(self, hashes: Collection[PhotoHash]) -> list[Named]:
        """Return those of these photos that listings in use name and that are not here, one for each name."""
        found: list[Named] = []
        for hash_ in hashes:
            rows = self._database.all(
                "SELECT photo_name.size, photo_name.thumbnail, record.id, photo_name.author FROM photo_name"
                " JOIN record ON record.no = photo_name.record"
                " WHERE photo_name.hash = ? AND photo_name.here = 0 AND photo_name.author IS NOT NULL",
                (hash_,),
            )
            found += [
                Named(hash_, size, bool(thumbnail), id_, self._people.persons.key(author))
                for size, thumbnail, id_, author in rows
            ]
        return found

    def _authors(self, table: str, where: str) -> list[PersonId]:
        """Return the authors of rows of which an index by author has only these, one step of the index for each."""
        found = self._database.all(
            f"WITH RECURSIVE one (no) AS (SELECT min(author) FROM {table} WHERE {where} UNION ALL"  # noqa: S608 - ours
            f" SELECT (SELECT min(author) FROM {table} WHERE {where} AND author > one.no) FROM one"
            " WHERE one.no IS NOT NULL) SELECT no FROM one WHERE no IS NOT NULL"
        )
        return [self._people.persons.key(author) for (author,) in found]

    # --- bytes --------------------------------------------------------------------------------------------------------

    def add(
        self, hash_: PhotoHash, author: PersonId, data: bytes, state: PhotoState, now: int, *, thumbnail: bool = False
    ) -> None:
        """Keep the bytes of a photo, unless they are here."""
        number = self._people.persons.number(author)
        self._usages()  # read before the row is there, so that it is counted once
        added = self._database.run(
            "INSERT INTO photo (hash, author, state, added, size, data, thumbnail) VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (hash_, number, int(state), now, len(data) + ROW_BYTES, data, thumbnail),
        )
        if added:
            self._count(number, len(data) + ROW_BYTES, thumbnail=thumbnail)

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

    def unchecked_authors(self) -> list[PersonId]:
        """Return the authors of photos that came and were not decoded yet."""
        return self._authors("photo", "state = 2")

    def unchecked_of(self, author: PersonId, most: int) -> list[tuple[PhotoHash, bytes]]:
        """Return some photos of this author that came and were not decoded yet, the smallest first."""
        return self._database.all(
            "SELECT hash, data FROM photo WHERE state = 2 AND author = ? ORDER BY size LIMIT ?",
            (self._people.persons.find(author), most),
        )

    def note_checked(self, hash_: PhotoHash, shown: bytes | None) -> None:
        """Note how a photo is shown; None if it cannot be decoded."""
        row = self._database.one(
            "SELECT author, size, thumbnail FROM photo WHERE hash = ? AND state = ?", (hash_, int(PhotoState.CAME))
        )
        if row is None:
            return  # it has gone with its listing meanwhile
        author, size, thumbnail = row
        self._usages()
        if shown is None:
            self._database.run(
                "UPDATE photo SET state = ?, size = 0, data = x'', shown = NULL WHERE hash = ?",
                (int(PhotoState.REFUSED), hash_),
            )
            self._count(author, -size, thumbnail=thumbnail, refused=1)
        else:
            self._database.run(
                "UPDATE photo SET state = ?, shown = ?, size = size + ? WHERE hash = ?",
                (int(PhotoState.CHECKED), shown, len(shown), hash_),
            )
            self._count(author, len(shown), thumbnail=thumbnail)

    # --- room ---------------------------------------------------------------------------------------------------------

    def usage(self) -> dict[PersonId, PhotoUsage]:
        """Return what the photos of each author take up; of nobody who has none."""
        return {self._people.persons.key(author): use for author, use in self._usages().items()}

    def _usages(self) -> dict[int, PhotoUsage]:
        if self._usage is None:
            found = self._database.all(
                "SELECT author, sum(size), sum(CASE WHEN thumbnail THEN size ELSE 0 END), sum(state = ?) FROM photo"
                " GROUP BY author",
                (int(PhotoState.REFUSED),),
            )
            self._usage = {author: PhotoUsage(*counted) for author, *counted in found}
        return self._usage

    def _count(self, author: int, size: int, *, thumbnail: bool, refused: int = 0) -> None:
        use = self._usages().setdefault(author, PhotoUsage())
        use.size += size
        use.thumbnails += size if thumbnail else 0
        use.refused += refused
        if use == PhotoUsage():
            del self._usages()[author]
        self.changes += 1
        self.moved |= size < 0  # there may be room for others now

    def delete_some_of(
        self, author: PersonId, size: int, *, thumbnails: bool = True, oldest_first: bool = False
    ) -> int:
        """Delete photos of this author until so many bytes are free; return how many bytes went.

        Photos go before thumbnails, and thumbnails only if they may. Of photos that are large enough alone the smallest
        goes, else the largest; or the oldest.
        """
        gone = 0
        for kind in (0, 1) if thumbnails else (0,):
            rows = self._database.all(
                "SELECT size, hash FROM photo WHERE author = ? AND thumbnail = ? AND size > 0"  # noqa: S608 - ours
                f" ORDER BY {'added DESC, size DESC' if oldest_first else 'size'}, hash",
                (self._people.persons.find(author), kind),
            )
            while rows and gone < size:
                fits = len(rows) - 1 if oldest_first else bisect_left(rows, (size - gone, b""))
                bytes_, hash_ = rows.pop(min(fits, len(rows) - 1))
                self._delete(hash_)
                gone += bytes_
        return gone

    def unnamed_of_owner(self) -> list[tuple[PhotoHash, int, bool]]:
        """Return the owner's photos and thumbnails that no listing names.

        With each goes when it was added, and whether it came from another device of the owner's.
        """
        found = self._database.all(
            "SELECT hash, added, state FROM photo WHERE author = ? AND hash NOT IN (SELECT hash FROM photo_name)",
            (self._owner_number(),),
        )
        return [(hash_, added, state != PhotoState.OWN) for hash_, added, state in found]

    def is_of_owner(self, hash_: PhotoHash) -> bool:
        """Whether this is a photo of the owner's that is here."""
        found = self._database.value("SELECT author FROM photo WHERE hash = ?", (hash_,))
        return found is not None and found == self._owner_number()

    def delete(self, hashes: Iterable[PhotoHash]) -> None:
        """Delete these photos."""
        with self._database.joined():
            for hash_ in hashes:
                self._delete(hash_)

    def _delete(self, hash_: PhotoHash) -> None:
        row = self._database.one("SELECT author, size, thumbnail, state FROM photo WHERE hash = ?", (hash_,))
        if row is not None:
            author, size, thumbnail, state = row
            self._usages()
            self._database.run("DELETE FROM photo WHERE hash = ?", (hash_,))
            self._count(author, -size, thumbnail=thumbnail, refused=-(state == PhotoState.REFUSED))

    def _owner_number(self) -> int | None:
        return None if self.owner is None else self._people.persons.find(self.owner)

    def has_unnamed(self) -> bool:
        """Whether photos are left that went with their listings."""
        return self._database.value("SELECT 1 FROM photo_unnamed LIMIT 1") is not None

    def _delete_with_listing(self) -> None:
        if self.has_unnamed() and self.has_space():
            self.delete_unnamed()

    def delete_unnamed(self) -> None:
        """Delete, in an open transaction, some of the photos that went with their listings."""
        for row in self._database.all("SELECT hash FROM photo_unnamed LIMIT ?", (DELETED_AT_ONCE,)):
            gone = self._database.value(
                "SELECT 1 FROM photo WHERE hash = ?1 AND author IS NOT ?2"
                " AND NOT EXISTS (SELECT 1 FROM photo_name WHERE hash = ?1 AND author IS NOT NULL)",
                (*row, self._owner_number()),
            )
            if gone:
                self._delete(*row)
            self._database.run("DELETE FROM photo_unnamed WHERE hash = ?", row)
