"""Copies the database file of a store that nobody has open into a new file: under another key, or plain.

The copy is a database of its own. SQLite writes no page as it was, since the keys and what each page keeps beside its
content differ.
"""

from __future__ import annotations

import os
from pathlib import Path

import apsw

from meshnode.store import connecting
from meshnode.store.database import Database, meaning_of
from meshnode.store.meta import Meta


def copy(source: Path, target: Path, *, key: bytes | None, target_key: bytes | None) -> None:
    """Copy the database `source`, whose key is `key`, to the new file `target` under `target_key`; None stands for plain.

    The copy is on the disk when this returns; its name is so once the caller has synced the directory. Reads and verifies
    every page. Raises StorageDamaged where the source is not sound or has another key, StorageFull or StorageFailed where the
    disk does not take the copy; what there is of it then is for the caller to remove.
    """
    database = Database.open(source, key=key)
    try:
        database.check()
    finally:
        database.close()  # moves the WAL into the file
    try:
        if target_key is not None:
            _encrypt(source, target, key, target_key)
        elif key is None:
            _vacuum(source, target, None, connecting.vfs_name(None, encrypted=False))
        else:
            _decrypt(source, target, key)
    except apsw.Error as error:
        raise meaning_of(error) from error
    _sync(target)


def meta_of(path: Path, key: bytes | None, name: str) -> str | None:
    """Return a small value in a database that nobody has open."""
    database = Database.open(path, key=key)
    try:
        return Meta(database).get(name)
    finally:
        database.close()


def set_meta(path: Path, key: bytes | None, name: str, value: str) -> None:
    """Write a small value into a database that nobody has open."""
    database = Database.open(path, key=key)
    try:
        Meta(database).set(name, value)
    finally:
        database.close()


def _encrypt(source: Path, target: Path, key: bytes | None, target_key: bytes) -> None:
    vfs = connecting.vfs_name(None, encrypted=True)
    _vacuum(source, target, key, vfs, f"cipher={connecting.CIPHER}&key={connecting.pragma_key(target_key)}")


def _vacuum(source: Path, target: Path, key: bytes | None, vfs: str | None, parameters: str = "key=") -> None:
    connection = connecting.connect(str(source), key=key)
    try:
        connection.execute("VACUUM INTO ?", (f"{target.absolute().as_uri()}?vfs={vfs}&{parameters}",))
    finally:
        connection.close(True)  # noqa: FBT003 - "force" is positional


def _decrypt(source: Path, target: Path, key: bytes) -> None:
    """Decrypt a copy in place: SQLite cannot copy into a file that keeps less beside each page than its source."""
    _encrypt(source, target, key, key)
    draft = connecting.connect(str(target), key=key)
    try:
        draft.pragma("journal_mode", "MEMORY")
        draft.pragma("rekey", "")
    finally:
        draft.close(True)  # noqa: FBT003
    plain = connecting.connect(str(target))
    try:
        # Only with a WAL are all pages written, with their checksums, after the first one says that they have them.
        plain.pragma("locking_mode", "EXCLUSIVE")
        plain.pragma("journal_mode", "WAL")
        if plain.open_vfs == connecting.CHECKSUM_VFS:
            plain.reserve_bytes("main", connecting.CHECKSUM_BYTES)
        plain.execute("VACUUM")
        plain.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    finally:
        plain.close(True)  # noqa: FBT003


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
