"""Reads a backup into an empty directory, and checks all that is in it before anything of it is used."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from meshnode.backup import contents, sealing
from meshnode.backup.contents import STORE, Manifest, Unpacker
from meshnode.errors import StorageDamaged, StorageFull, of_system
from meshnode.store.snapshot import look_into
from protocol import Kind, limits


class BackupReader:
    """Reads one backup with one passphrase or secret key."""

    def __init__(self, path: Path, secret: str) -> None:
        self._path = path
        self._secret = secret

    def check(self) -> Manifest:
        """Read the backup to its end without keeping anything; return its manifest. Errors as `unpack`."""
        return self._read(None)

    def unpack(self, into: Path) -> Manifest:
        """Put the files of the backup into the new directory `into`; `check_store` is for what is in the database.

        Raises Forbidden for a wrong passphrase or key, Refused for a backup by a newer version, Failed for one that is
        damaged, StorageFull where there is no space; `into` is removed again then.
        """
        into.mkdir(mode=0o700)
        try:
            self._check_space(into)
            manifest = self._read(into)
        except BaseException:
            shutil.rmtree(into, ignore_errors=True)
            raise
        return manifest

    def _read(self, into: Path | None) -> Manifest:
        unpacker = Unpacker(into)
        try:
            sealing.open_sealed(self._path, self._secret, unpacker)
            return unpacker.finish()
        except OSError as error:
            raise of_system(error) from error
        finally:
            unpacker.close()

    def _check_space(self, into: Path) -> None:
        disk = os.statvfs(into)
        if disk.f_bavail * disk.f_frsize < self._path.stat().st_size + limits.DISK_FREE_LEAST:
            raise StorageFull("the disk is full", "free some space, then do this again")

    def check_store(self, into: Path, manifest: Manifest, key: bytes | None) -> None:
        """Check the database that was unpacked, which is encrypted under `key` or plain; errors as `unpack`."""
        try:
            found = look_into(into / STORE, key)
        except StorageDamaged:
            raise contents.damaged() from None
        if found.schema != manifest.schema or named_counts(found.counts) != dict(manifest.counts):
            raise contents.damaged()


def named_counts(counts: dict[int, int]) -> dict[str, int]:
    """Return numbers of records by the names of their kinds; kinds of newer versions are not counted."""
    return {Kind(kind).name.lower(): many for kind, many in sorted(counts.items()) if kind in set(Kind)}
