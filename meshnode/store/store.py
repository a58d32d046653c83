"""The store of one node: opened sound or not at all, with its parts as attributes. All of it is plain, synchronous code.

A damaged database is set aside and a fresh one begun; what it held comes back from peers. What does not come back are
the counters by which this device numbers its records, so `fresh_after_damage` says that it must not sign any more.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Self

from meshnode.errors import StorageDamaged, StorageFailed
from meshnode.store.archive import ListingArchive
from meshnode.store.blocked import Blocked
from meshnode.store.cards import Cards
from meshnode.store.database import Database
from meshnode.store.devices import Devices
from meshnode.store.discover import DiscoverMemory
from meshnode.store.exchanges import Exchanges
from meshnode.store.introductions import Introductions
from meshnode.store.letters import Letters
from meshnode.store.meta import Meta
from meshnode.store.migrate import migrate
from meshnode.store.people import People
from meshnode.store.places import Places
from meshnode.store.records import Records
from meshnode.store.salvage import SalvagedKeys, salvage
from meshnode.store.watermark import Watermark

_OWN_COMMITS = "own_commits"
_COUNTERS_LOST = "counters_lost"


class StoreProblem(NamedTuple):
    """What the owner should know about the store: a code for programs, and what is wrong and what to do, in words."""

    code: str
    message: str
    hint: str


class Store:
    """What one node holds. Used by one thread at a time (see desk)."""

    def __init__(self, database: Database, watermark: Watermark | None = None, path: Path | None = None) -> None:
        self._database = database
        self._path = path
        self._watermark = watermark
        self._mark: int | None = None
        database.before_commit.append(self._count_own)
        database.after_commit.append(self._raise_mark)
        database.on_rollback.append(self._drop_mark)
        self.people = People(database)
        self.records = Records(database, self.people)
        self.cards = Cards(database, self.people)
        self.devices = Devices(database, self.people)
        self.blocked = Blocked(database, self.people)
        self.places = Places(database, self.people)
        self.letters = Letters(database, self.people)
        self.introductions = Introductions(database, self.people)
        self.archive = ListingArchive(database)
        self.discover = DiscoverMemory(database)
        self.exchanges = Exchanges(database, self.people)
        self.meta = Meta(database)
        self.problems: list[StoreProblem] = []
        """What was found when the store was opened; it is told until the next start."""

    @classmethod
    def open(cls, path: Path | str, *, vfs: str | None = None) -> Store:
        """The store in the file `path`, or a passing one in ":memory:".

        Refused if a newer meshnode wrote it or another process has it; StorageFailed if the disk does not answer.
        """
        if str(path) == ":memory:":
            database = Database.open(path, vfs=vfs)
            migrate(database)
            return cls(database)
        path = Path(path)
        set_aside = None
        try:
            database = _open_sound(path, vfs)
        except StorageDamaged:
            set_aside = _set_aside(path)
            database = _open_sound(path, vfs)
        store = cls(database, Watermark(path.with_name(path.name + ".mark")), path)
        store._look_for_lost_counters(set_aside)
        if set_aside is not None:
            store._take_over(salvage(set_aside))
        return store

    def _look_for_lost_counters(self, set_aside: Path | None) -> None:
        behind = self._watermark is not None and self._watermark.read() > self._own_commits()
        if set_aside is not None or behind:
            self.meta.set(_COUNTERS_LOST, str(set_aside or ""))
        lost = self.meta.get(_COUNTERS_LOST)
        if lost is not None:
            found = (
                f"the store was damaged; it is now {lost}" if lost else "the store is older than what this node wrote"
            )
            self.problems.append(
                StoreProblem(
                    _COUNTERS_LOST, found, "start the node with the identity's passphrase: it takes a new device key"
                )
            )

    def _take_over(self, found: SalvagedKeys) -> None:
        with self.transaction():
            for keys in found.keys:
                self.people.remember_keys(*keys)
            for address in found.addresses:
                self.people.remember(*address)

    @property
    def fresh_after_damage(self) -> bool:
        """Whether the numbers of this device's last records are lost: it must not sign before it has a new key.

        Stays so over restarts until `device_renewed` is called.
        """
        return self.meta.get(_COUNTERS_LOST) is not None

    def device_renewed(self) -> None:
        """This node writes as a new device from now on, so nothing hangs on what was lost."""
        self.meta.delete(_COUNTERS_LOST)
        hint = "this device now writes under a new key; your contacts bring back what they hold"
        self.problems = [problem._replace(hint=hint) for problem in self.problems]
        if self._watermark is not None:
            self.meta.set(_OWN_COMMITS, str(max(self._watermark.read(), self._own_commits())))

    def transaction(self) -> AbstractContextManager[None]:
        """All of it is on the disk when this ends, or, on any exception, none of it is. Not nestable."""
        return self._database.transaction()

    def _count_own(self) -> None:
        """Inside a commit that holds a record of our own hand: count it, in the database first."""
        if self._watermark is not None and self.records.wrote_own:
            self._mark = self._own_commits() + 1
            self.meta.set(_OWN_COMMITS, str(self._mark))
        self.records.wrote_own = False

    def _raise_mark(self) -> None:
        """After that commit: raise the mark beside it before the record can be sent to anybody."""
        mark, self._mark = self._mark, None
        if mark is None or self._watermark is None:
            return
        try:
            self._watermark.raise_to(mark)
        except OSError as error:
            failure = StorageFailed("the disk failed", f"check it, then restart meshnode ({error})")
            raise self._database.died(failure) from error

    def _drop_mark(self) -> None:
        """That commit came to nothing: a mark raised for it would call the database old."""
        self._mark = None

    def _own_commits(self) -> int:
        return int(self.meta.get(_OWN_COMMITS) or 0)

    def disk(self) -> tuple[int, int] | None:
        """Bytes that are free on the disk of this store, and its size; None in memory, or where nobody can tell."""
        try:
            found = os.statvfs(self._path) if self._path is not None else None
        except OSError:
            return None
        return None if found is None else (found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)

    def close(self) -> None:
        """Check the WAL in and let go of the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open_sound(path: Path, vfs: str | None) -> Database:
    """The database at `path`, checked and of today's schema. StorageDamaged if it cannot be trusted."""
    database = Database.open(path, vfs=vfs)
    try:
        database.check()
        migrate(database)
    except BaseException:
        database.close()
        raise
    path.chmod(0o600)
    return database


def _set_aside(path: Path) -> Path:
    """Move the database, and the WAL that belongs to it, out of the way; returns where it now is."""
    number = 1
    while (target := path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")).exists():
        number += 1
    path.rename(target)
    wal = path.with_name(path.name + "-wal")
    if wal.exists():
        wal.rename(target.with_name(target.name + "-wal"))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    return target
