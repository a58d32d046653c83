"""Makes every connection to a database file, plain or encrypted: the one door for stores, their copies and backups.

A plain database has a checksum in each page (cksumvfs). An encrypted one is ChaCha20-Poly1305 (SQLite3 Multiple Ciphers):
each page, also in the WAL and the journal, has a nonce and a tag of its own, so that a changed bit shows as well. The key
is 32 random bytes and is used as it is. For an online backup open the target by this door too, encrypted like the source
(under any key): SQLite copies no encrypted database into a plain one. `copying.copy` turns the one into the other.
"""

from __future__ import annotations

from contextlib import suppress

import apsw
import apsw.sqlite_extra

CHECKSUM_BYTES = 8  # at the end of every page: cksumvfs takes exactly this much
CHECKSUM_VFS = "cksmvfs"
KEY_BYTES = 32
CIPHER = "chacha20"

_CIPHER_VFS = "multipleciphers-"  # before the name of the VFS that it is built on
_USUAL_VFS = "unix"
_CREATE = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE


def connect(path: str, *, key: bytes | None = None, vfs: str | None = None, flags: int = _CREATE) -> apsw.Connection:
    """Open the file `path` (or ":memory:"), encrypted under `key` (32 bytes) or plain. Raises apsw.Error.

    `vfs` names the SQLite VFS that reads and writes; None takes the usual one. A wrong key shows at the first statement, as
    NotADBError.
    """
    connection = apsw.Connection(path, vfs=vfs_name(vfs, encrypted=key is not None), flags=flags | apsw.SQLITE_OPEN_URI)
    if key is not None:
        connection.pragma("cipher", CIPHER)
        connection.pragma("key", pragma_key(key))
    connection.pragma("temp_store", "MEMORY")  # a temporary file is not encrypted
    return connection


def vfs_name(vfs: str | None, *, encrypted: bool) -> str | None:
    """Return the name of the VFS for an encrypted or a plain file on the disk that `vfs` stands for."""
    if encrypted:
        return _CIPHER_VFS + (vfs or _USUAL_VFS)
    return checksums() if vfs is None else vfs


def pragma_key(key: bytes) -> str:
    """Return a key as SQLite takes it, without a passphrase's derivation. ValueError unless it has its length."""
    if len(key) != KEY_BYTES:
        raise ValueError("a key of a database has 32 bytes")
    return f"raw:{key.hex()}"


def checksums() -> str | None:
    """Return the VFS that keeps a checksum in every page, if this APSW has it (its wheels do)."""
    if CHECKSUM_VFS not in apsw.vfs_names() and apsw.sqlite_extra.has("cksumvfs"):
        plain = apsw.vfs_names()[0]
        connection = apsw.Connection(":memory:", vfs=plain)
        with suppress(apsw.Error, OSError):
            apsw.sqlite_extra.load(connection, "cksumvfs")
        connection.close()
    return CHECKSUM_VFS if CHECKSUM_VFS in apsw.vfs_names() else None
