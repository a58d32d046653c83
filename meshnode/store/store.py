"""Opens the store of one node, sound or not at all, with its parts as attributes. All of it is synchronous code.

A damaged database is set aside and a new one is begun; peers bring its records back. They do not bring back the
counters by which this device numbers its records, so `fresh_after_damage` says that it must not sign before it has a
new key.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import NamedTuple, Self

from meshnode.errors import StorageDamaged, StorageFailed, of_system
from meshnode.store.archive import ListingArchive
from meshnode.store.blocked import Blocked
from meshnode.store.cards import Cards
from meshnode.store.database import Database
from meshnode.store.devices import Devices
from meshnode.store.discover import DiscoverMemory
from meshnode.store.exchanges import Exchanges
from meshnode.store.handovers import Handovers
from meshnode.store.introductions import Introductions
from meshnode.store.key_shares import KeyShares
from meshnode.store.letters import Letters
from meshnode.store.meta import Meta
from meshnode.store.migrate import migrate
from meshnode.store.own_names import OwnNames
from meshnode.store.own_notes import OwnNotes
from meshnode.store.page_sessions import PageSessions
from meshnode.store.parcels import Parcels
from meshnode.store.people import People
from meshnode.store.phones import Phones
from meshnode.store.photos import Photos
from meshnode.store.places import Places
from meshnode.store.profile_texts import ProfileTexts
from meshnode.store.receipts import Receipts
from meshnode.store.records import RecordStore
from meshnode.store.salvage import SalvagedKeys, salvage
from meshnode.store.signed_records import SignedRecords
from meshnode.store.snapshot import CopyContents, copied, look_into
from meshnode.store.watermark import Watermark
from protocol import limits
from protocol.steps import Steps
from protocol.wire import ItemTable

_OWN_COMMITS = "own_commits"
_COUNTERS_LOST = "counters_lost"


class StoreProblem(NamedTuple):
    """A problem of the store for its owner: a code for programs, what is wrong, and what to do about it."""

    code: str
    message: str
    hint: str


class Store:
    """All that one node holds, in one database.

    Used by one thread at a time; `store_thread.StoreThread` sees to that. Every method of every part raises
    StorageFailed once the disk has failed, and StorageFull where a write finds no space. A write outside a transaction
    is committed at once. `transaction` commits several writes together; code above the store uses the replica's
    transaction instead, which also keeps memory in step.
    """

    def __init__(
        self,
        database: Database,
        watermark: Watermark | None = None,
        path: Path | None = None,
        key: bytes | None = None,
    ) -> None:
        self._database = database
        self._path = path
        self._key = key
        self._watermark = watermark
        self._mark: int | None = None
        database.before_commit.append(self._count_own)
        database.after_commit.append(self._raise_mark)
        database.on_rollback.append(self._drop_mark)
        self.people = People(database)
        self.photos = Photos(database, self.people)
        self.photos.has_space = self._journal_has_space
        self.records = RecordStore(database, self.people, self.photos)
        self.cards = Cards(database, self.people)
        self.devices = Devices(database, self.people)
        self.blocked = Blocked(database, self.people)
        self.own_names = OwnNames(database, self.people)
        self.places = Places(database, self.people)
        self.letters = Letters(database, self.people)
        self.receipts = Receipts(database, self.people)
        self.introductions = Introductions(database, self.people)
        self.key_shares = KeyShares(database, self.people)
        self.parcels = Parcels(database, self.people)
        self.archive = ListingArchive(database)
        self.discover = DiscoverMemory(database)
        self.exchanges = Exchanges(database, self.people)
        self.handovers = Handovers(database, self.people)
        self.own_notes = OwnNotes(database)
        self.meta = Meta(database)
        self.page_sessions = PageSessions(database)
        self.phones = Phones(database)
        self.signed_records = SignedRecords(database)
        self.profile_texts = ProfileTexts(self.meta)
        self.items = ItemTable()
        """Numbers the records that sessions compare, once for all of them."""
        self.problems: list[StoreProblem] = []
        """The problems that were found when the store was opened."""

    @property
    def directory(self) -> Path | None:
        """Where its file lies; None for a temporary store."""
        return None if self._path is None else self._path.parent

    @classmethod
    def open(cls, path: Path | str, *, key: bytes | None = None, vfs: str | None = None) -> Store:
        """Open the store in the file `path`, or a temporary one in ":memory:"; create it if it is missing.

        `key` (32 bytes) is that of an encrypted one: the home's (`Home.store_key`). A damaged file is set aside first. Raises Refused if a newer meshnode wrote it or another process has it open,
        StorageFailed if the disk fails, Failed if the file cannot be written. The caller closes the store.
        """
        if str(path) == ":memory:":
            database = Database.open(path, vfs=vfs)
            database.load(_new_store())
            return cls(database)
        path = Path(path)
        set_aside = None
        try:
            database = _open_sound(path, key, vfs)
        except StorageDamaged:
            set_aside = _set_aside(path)
            database = _open_sound(path, key, vfs)
        store = cls(database, Watermark(path.with_name(path.name + ".mark")), path, key)
        store._look_for_lost_counters(set_aside)
        if set_aside is not None:
            store._keep_salvaged(salvage(set_aside, key))
        return store

    def _look_for_lost_counters(self, set_aside: Path | None) -> None:
        behind = self._watermark is not None and self._watermark.read() > self._own_commits()
        if set_aside is not None or behind:
            self.meta.set(_COUNTERS_LOST, str(set_aside or ""))
        lost = self.meta.get(_COUNTERS_LOST)
        if lost is not None:
            found = (
                f"The database was damaged. It is now {lost}"
                if lost
                else "The database is older than what this node wrote"
            )
            self.problems.append(
                StoreProblem(
                    _COUNTERS_LOST, found, "start the node with the identity's passphrase: it takes a new device key"
                )
            )

    def _keep_salvaged(self, found: SalvagedKeys) -> None:
        with self.transaction():
            for keys in found.keys:
                self.people.remember_keys(*keys)
            for address in found.addresses:
                self.people.remember(*address)

    @property
    def fresh_after_damage(self) -> bool:
        """Whether the version numbers of this device's last records are lost: it must not sign before it has a new key.

        It stays so over restarts until `device_renewed` is called.
        """
        return self.meta.get(_COUNTERS_LOST) is not None

    def device_renewed(self) -> None:
        """Note that this node writes as a new device from now on, which does not need the lost version numbers."""
        self.meta.delete(_COUNTERS_LOST)
        hint = "this device now writes under a new key; your contacts bring back what they hold"
        self.problems = [problem._replace(hint=hint) for problem in self.problems]
        if self._watermark is not None:
            self.meta.set(_OWN_COMMITS, str(max(self._watermark.read(), self._own_commits())))

    @property
    def encrypted(self) -> bool:
        """Whether what this store has on the disk is encrypted."""
        return self._database.encrypted

    def transaction(self) -> AbstractContextManager[None]:
        """Commit what is written in a `with` block when it ends, or undo all of it on any exception. Not nestable."""
        return self._database.transaction()

    def _count_own(self) -> None:
        """Count a commit with a record that this node wrote, inside its transaction."""
        if self._watermark is not None and self.records.wrote_own:
            self._mark = self._own_commits() + 1
            self.meta.set(_OWN_COMMITS, str(self._mark))
        self.records.wrote_own = False

    def _raise_mark(self) -> None:
        """Raise the mark after such a commit, before the record can be sent to anybody."""
        mark, self._mark = self._mark, None
        if mark is None or self._watermark is None:
            return
        try:
            self._watermark.raise_to(mark)
        except OSError as error:
            meaning = of_system(error)
            failure = StorageFailed(meaning.message, meaning.hint)
            raise self._database.died(failure) from error

    def _drop_mark(self) -> None:
        """Forget the mark of a commit that was undone: raised, it would make the database look old."""
        self._mark = None

    def _own_commits(self) -> int:
        return int(self.meta.get(_OWN_COMMITS) or 0)

    def disk(self) -> tuple[int, int] | None:
        """Return the free bytes and the size of the disk of this store; None in memory or where that is unknown.

        What is free within the database counts too, as long as there is room on the disk for its journal.
        """
        try:
            found = os.statvfs(self._path) if self._path is not None else None
        except OSError:
            return None
        if found is None:
            return None
        free, size = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
        return free + (self._database.free_bytes if free >= limits.DISK_FREE_LEAST else 0), size

    def _journal_has_space(self) -> bool:
        disk = self.disk()
        return disk is None or disk[0] >= limits.DISK_FREE_LEAST

    @property
    def path(self) -> Path | None:
        """The file of the database; None in memory."""
        return self._path

    def snapshot(self, path: Path) -> Steps[None]:
        """Copy the database into a new file at `path`, as it is in the last step; others may write between two steps."""
        return copied(self._database, path, self._key)

    def look_into(self, snapshot: Path) -> CopyContents:
        """Check a snapshot of this store and return what is in it; in any thread, since the store itself is not used."""
        return look_into(snapshot, self._key)

    def erase(self) -> None:
        """Overwrite what was deleted or changed since the last call, in every file of this store. Not in a transaction."""
        self._database.erase()

    def close(self) -> None:
        """Move the WAL into the database and close it."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@cache
def _new_store() -> bytes:
    """Return the image of a new store. Copying it is fifty times faster than the steps of `migrate`, and worlds have many."""
    database = Database.open(":memory:")
    try:
        migrate(database)
        return database.image()
    finally:
        database.close()


def _open_sound(path: Path, key: bytes | None, vfs: str | None) -> Database:
    """Open the database at `path`, check it and migrate it. Raises StorageDamaged if it is not consistent."""
    database = Database.open(path, key=key, vfs=vfs)
    try:
        database.check()
        migrate(database)
    except BaseException:
        database.close()
        raise
    path.chmod(0o600)
    return database


def _set_aside(path: Path) -> Path:
    """Rename the database and its WAL; return its new path."""
    number = 1
    while (target := path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")).exists():
        number += 1
    path.rename(target)
    wal = path.with_name(path.name + "-wal")
    if wal.exists():
        wal.rename(target.with_name(target.name + "-wal"))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    return target
