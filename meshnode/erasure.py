"""Erases a home: overwrites its files and removes them, the keys first.

Overwriting reaches the bytes on a plain hard disk. On an SSD or an SD card the old bytes may remain until the card uses
that place again, and so they may in file systems that copy on write; docs/leaving.md says what helps there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from meshnode.home import FORMER_DEVICE, Home, sync_directory

CHUNK = bytes(1024 * 1024)


def erase(home: Home) -> int:
    """Overwrite and remove all files in `home`, and the directory if it may go; return how many could not be removed.

    Links are removed and not followed, and what another file system holds there stays. Call it with the home's lock held:
    the lock's file goes last. Raises Forbidden and NotFound as `Home.check`.
    """
    home.check()
    device, left = home.path.stat().st_dev, 0
    former = sorted(home.path.glob(FORMER_DEVICE.format("*")))
    keys = [home.encryption, home.identity_key, home.device_key, *former, home.store]
    others = [path for path in _inside(home.path, device) if path not in (*keys, home.lock_file)]
    for path in [*keys, *others, home.lock_file]:
        try:
            _remove(path)
        except FileNotFoundError:
            continue
        except OSError:
            left += 1
    with suppress(OSError):  # it may be where only the system may remove directories, or be a mount
        home.path.rmdir()
        sync_directory(home.path.parent)
    return left


def _inside(directory: Path, device: int) -> Iterator[Path]:
    """Yield everything inside on the same file system, a directory after all that is in it."""
    for path in sorted(directory.iterdir()):
        status = path.lstat()
        if stat.S_ISDIR(status.st_mode):
            if status.st_dev != device:
                continue
            yield from _inside(path, device)
        yield path


def _remove(path: Path) -> None:
    status = path.lstat()
    if stat.S_ISDIR(status.st_mode):
        path.rmdir()
        return
    if stat.S_ISREG(status.st_mode):
        overwrite(path)
    path.unlink()


def overwrite(path: Path) -> None:
    """Overwrite a file with zeros, if there is one. A disk that does not take them, because it fails for instance, is no error."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            size, at = os.fstat(descriptor).st_size, 0
            while at < size:
                at += os.pwrite(descriptor, CHUNK[: size - at], at)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
