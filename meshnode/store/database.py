"""Opens the one SQLite connection, runs its transactions, and translates its errors.

APSW tells SQLite's errors apart: a full disk undoes the transaction and the node goes on; after a failed read, write or
fsync the connection is not used again, since nobody knows what is on the disk. `connecting` makes the connection, plain or
encrypted: nothing else opens the file of a store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import apsw

from meshnode.errors import DISK_FAILED, DISK_FAILED_HINT, Failed, Refused, StorageDamaged, StorageFailed, StorageFull
from meshnode.store import connecting
from protocol.steps import Steps

WAL_PAGES = 4000  # checkpoint about every 16 MiB: the more commits share one, the fewer pages are written twice
WAL_BYTES_MAX = 16 * 1024 * 1024  # what is left of the WAL after a burst: SD cards are small
CACHE_KIB = 8 * 1024

_REMOVING = ("DELETE", "UPDATE", "INSERT OR REPLACE")  # statements after which old words may be left in the WAL

Values = Sequence[Any]
Row = tuple[Any, ...]


class Database:
    """One connection, used by one thread at a time.

    After a StorageFailed every call raises it again. StorageFull has undone the transaction and passes once there is
    space on the disk.
    """

    def __init__(self, connection: apsw.Connection, *, encrypted: bool = False) -> None:
        self._connection = connection
        self.encrypted = encrypted
        """Whether every page is encrypted under a key, and authenticated by it."""
        self._failure: StorageFailed | None = None
        self._in_transaction = False
        self._erasable = False
        self.before_commit: list[Callable[[], None]] = []
        """Called at the end of every transaction, still inside of it."""
        self.after_commit: list[Callable[[], None]] = []
        """Called when a transaction is on the disk, before `transaction` returns."""
        self.on_rollback: list[Callable[[], None]] = []
        """Called when a transaction was undone; every cache of what the database holds must be emptied then."""

    @classmethod
    def open(cls, path: Path | str, *, key: bytes | None = None, vfs: str | None = None) -> Database:
        """Open the database at `path` (or ":memory:") and create it if it is missing; `migrate` makes its tables.

        `key` (32 bytes) is that of an encrypted one: see `connecting`. `vfs` names the SQLite VFS; None takes the usual one.
        Raises StorageDamaged where the file is not a sound database or has another key, Refused where another process has it
        open, StorageFailed where the disk fails, and Failed otherwise.
        """
        try:
            connection = connecting.connect(str(path), key=key, vfs=vfs)
        except apsw.Error as error:
            raise meaning_of(error) from error
        database = cls(connection, encrypted=key is not None)
        try:
            database._prepare(in_memory=str(path) == ":memory:")
        except BaseException:
            database.abandon()
            raise
        return database

    def _prepare(self, *, in_memory: bool) -> None:
        try:
            self._set_up(in_memory=in_memory)
        except apsw.Error as error:
            raise self._understood(error) from error

    def _set_up(self, *, in_memory: bool) -> None:
        if not in_memory:
            # One process owns a home: it keeps the WAL's index in memory, and no other process can open the file.
            self._connection.pragma("locking_mode", "EXCLUSIVE")
            if not self.encrypted:
                self._keep_checksums()
            self._connection.pragma("journal_mode", "WAL")
            self._connection.pragma("synchronous", "FULL")  # acknowledged means on the disk
            self._connection.pragma("wal_autocheckpoint", WAL_PAGES)
            self._connection.pragma("journal_size_limit", WAL_BYTES_MAX)
            self._connection.pragma("cache_size", -CACHE_KIB)
            self._connection.pragma("secure_delete", True)  # noqa: FBT003 - what is deleted is overwritten, see `erase`
        self._connection.pragma("foreign_keys", True)  # noqa: FBT003 - pragma takes its value by position
        self._connection.pragma("trusted_schema", False)  # noqa: FBT003

    def _keep_checksums(self) -> None:
        possible = connecting.CHECKSUM_VFS in apsw.vfs_names()
        if self._connection.pragma("page_count") == 0 and possible:
            self._connection.reserve_bytes("main", connecting.CHECKSUM_BYTES)
        elif self._connection.reserve_bytes("main") and not possible:
            # Pages written without checksums would look damaged to the next process that checks them.
            raise Refused("this store has checksums that the installed apsw cannot keep", "use apsw's own wheel")

    @property
    def checksummed(self) -> bool:
        """Whether every page has a checksum, or where it is encrypted a tag, that is verified at each read."""
        self._check_alive()
        reserved = self._connection.reserve_bytes("main")
        checked = reserved == connecting.CHECKSUM_BYTES and connecting.CHECKSUM_VFS in apsw.vfs_names()
        return self.encrypted or checked

    @property
    def free_bytes(self) -> int:
        """How many bytes of the file are free for what is written next: what was deleted leaves them."""
        return int(self.value("PRAGMA freelist_count")) * int(self.value("PRAGMA page_size"))

    # --- statements --------------------------------------------------------------------------------------------------

    def run(self, sql: str, values: Values = ()) -> int:
        """Run a statement without a result; return how many rows it changed."""
        self._check_alive()
        try:
            self._connection.execute(sql, values)
            changed = self._connection.changes()
        except apsw.Error as error:
            raise self._understood(error) from error
        self._erasable = self._erasable or (changed > 0 and sql.startswith(_REMOVING))
        return changed

    def one(self, sql: str, values: Values = ()) -> Row | None:
        """Return the first row of the result, None if it is empty."""
        self._check_alive()
        try:
            cursor = self._connection.execute(sql, values)
            row: Row | None = cursor.fetchone()
            cursor.close()
        except apsw.Error as error:
            raise self._understood(error) from error
        return row

    def all(self, sql: str, values: Values = ()) -> list[Row]:
        """Return the whole result: no statement stays open while the caller writes."""
        self._check_alive()
        try:
            return self._connection.execute(sql, values).fetchall()
        except apsw.Error as error:
            raise self._understood(error) from error

    def value(self, sql: str, values: Values = ()) -> Any:
        """Return the first column of the first row, None if the result is empty."""
        row = self.one(sql, values)
        return row[0] if row else None

    # --- transactions ------------------------------------------------------------------------------------------------

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._in_transaction

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what is written in the block when it ends, or undo all of it on any exception.

        It is on the disk when the block has ended. Raises RuntimeError inside another transaction; see `joined`.
        """
        if self._in_transaction:
            raise RuntimeError("transactions do not nest")
        self.run("BEGIN IMMEDIATE")
        self._in_transaction = True
        try:
            yield
            for finish in self.before_commit:
                finish()
            self.run("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._in_transaction = False
        for follow in self.after_commit:
            follow()

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Run the block in the open transaction, or else in one of its own."""
        if self._in_transaction:
            yield
        else:
            with self.transaction():
                yield

    def _roll_back(self) -> None:
        # SQLite may have rolled back by itself (disk full); and a failed connection is not used again.
        if self._failure is None and self._connection.in_transaction:
            with suppress(StorageFailed):
                self.run("ROLLBACK")
        for forget in self.on_rollback:
            forget()

    # --- copies ------------------------------------------------------------------------------------------------------

    def copying(self, other: Database, pages: int) -> Steps[None]:
        """Copy everything into `other`, `pages` pages in each step; what is written between two steps is copied too.

        The copy is that of one moment, the last step. `other` must not be used meanwhile. Errors of either disk are
        raised, and end the copy alone.
        """
        self._check_alive()
        # A file without a first page would be written without checksums: the pages that are copied first come before it.
        other.run("CREATE TABLE begun (empty)")
        other.run("PRAGMA journal_mode = OFF")  # a part of a copy is of no use, so nothing needs to be undone
        other.run("PRAGMA synchronous = OFF")
        try:
            with other._connection.backup("main", self._connection, "main") as copy:
                while not copy.done:
                    copy.step(pages)
                    yield
        except apsw.Error as error:
            raise meaning_of(error) from error

    def image(self) -> bytes:
        """Return all that the database holds, as the bytes of a file."""
        self._check_alive()
        return bytes(self._connection.serialize("main"))

    def load(self, image: bytes) -> None:
        """Take over the contents of another database from its image. This one is in memory, and empty."""
        self._check_alive()
        source = apsw.Connection(":memory:")
        source.deserialize("main", image)
        with self._connection.backup("main", source, "main") as copy:
            copy.step()
        source.close()

    # --- the end -----------------------------------------------------------------------------------------------------

    def erase(self) -> None:
        """Empty the WAL if something was deleted or changed since the last call, so that no file holds it any longer.

        In the database SQLite has overwritten it with zeros; the WAL still has the pages as they were before. Call it
        outside a transaction. Raises StorageFull or StorageFailed where the disk does not take it.
        """
        self._check_alive()
        if not self._erasable:
            return
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.Error as error:
            raise self._understood(error) from error
        self._erasable = False

    def check(self) -> None:
        """Read the whole file and raise StorageDamaged where it is not consistent.

        With checksums every flipped bit shows when its page is read, so the quick check, which reads all pages but
        does not compare indexes with tables, is as good as the slow one (about 0.03 s against 0.15 s for 50 MB).
        """
        check = "quick_check" if self.checksummed else "integrity_check"
        findings = self.all(f"PRAGMA {check}(1)")
        if findings != [("ok",)]:
            raise self.died(StorageDamaged("the database is damaged", str(findings[0][0])))

    def close(self) -> None:
        """Move the WAL into the database and close it. A failed connection is closed without another write."""
        if self._failure is not None:
            self.abandon()
            return
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            self._connection.close()
        except apsw.Error as error:
            self.abandon()
            raise self._understood(error) from error

    def abandon(self) -> None:
        """Close the connection without another write to the file."""
        with suppress(apsw.Error):
            self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        with suppress(apsw.Error):
            self._connection.close(True)  # noqa: FBT003 - "force" is positional

    def _check_alive(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _understood(self, error: apsw.Error) -> Exception:
        """Return what `error` means; after a failure of the disk this connection does nothing any longer."""
        meaning = meaning_of(error)
        return self.died(meaning) if isinstance(meaning, StorageFailed) else meaning

    def died(self, failure: StorageFailed) -> StorageFailed:
        """Let every call raise `failure` from now on; return it, to be raised."""
        self._failure = failure
        return failure


def meaning_of(error: apsw.Error) -> Exception:
    """Return what SQLite's error means to a node; errors that only a bug can cause are returned as they are."""
    extended = getattr(error, "extendedresult", 0)
    if isinstance(error, apsw.CorruptError | apsw.NotADBError) or extended == apsw.SQLITE_IOERR_DATA:
        return StorageDamaged(
            "the database is damaged", "restart meshnode: it sets the file aside and begins a new one"
        )
    if isinstance(error, apsw.IOError):
        return StorageFailed("{disk_failed} ({error})", DISK_FAILED_HINT, disk_failed=DISK_FAILED, error=error)
    if isinstance(error, apsw.FullError):
        return StorageFull("the disk is full", "free some space; nothing was lost")
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return Refused("the database is in use by another program", "stop that one first")
    if isinstance(error, apsw.ReadOnlyError):
        return Failed(
            "the database can no longer be written",
            "a card that fails often becomes read-only: look at 'dmesg'. Otherwise check who owns its directory",
        )
    if isinstance(error, apsw.CantOpenError | apsw.PermissionsError):
        return Failed(
            "the database cannot be opened for writing", "check who owns its directory ({error})", error=error
        )
    return error
