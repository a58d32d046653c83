"""A disk that fails when it is told to: SQLite's own file system, with one operation taken over."""

from __future__ import annotations

from collections.abc import Callable

import apsw


class _File(apsw.VFSFile):
    def __init__(self, disk: FailingDisk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._disk = disk

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        self._disk.before_sync()
        super().xSync(flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.before_write()
        super().xWrite(data, offset)


class FailingDisk(apsw.VFS):
    """Open the store with `vfs=disk.name`. `fail_sync` and `fail_write` raise what they are set to; `syncs` and
    `writes` count what SQLite has asked for."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "")
        self.name = name
        self.syncs = 0
        self.writes = 0
        self.fail_sync: Callable[[], None] = lambda: None
        self.fail_write: Callable[[], None] = lambda: None

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> _File:  # noqa: N802
        return _File(self, name, flags)

    def before_sync(self) -> None:
        self.syncs += 1
        self.fail_sync()

    def before_write(self) -> None:
        self.writes += 1
        self.fail_write()


def eio_on_fsync() -> None:
    """Return the error of a disk that did not take what it was given (EIO)."""
    error = apsw.IOError("disk I/O error")
    error.extendedresult = apsw.SQLITE_IOERR_FSYNC  # type: ignore[attr-defined]  # APSW reads it where it is set
    raise error


def disk_full() -> None:
    """Return the error of a full disk (ENOSPC)."""
    raise apsw.FullError("database or disk is full")
