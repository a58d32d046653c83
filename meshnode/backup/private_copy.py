"""Copies a backup to where it is kept, which may be on another disk."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from meshnode.backup.contents import hashed
from meshnode.errors import Failed
from meshnode.home import sync_directory


def copy_private(source: Path, target: Path) -> None:
    """Copy a file to `target`, for its owner alone; what is there is replaced once all of the new one is on the disk.

    Raises OSError where the disk does not take it, and Failed where it does not give back what was written; then nothing is
    left of the copy.
    """
    draft = target.with_name(f".{target.name}.new")
    draft.unlink(missing_ok=True)
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as copy, source.open("rb") as content:  # noqa: PTH123 - private from the first byte on
            shutil.copyfileobj(content, copy)
            copy.flush()
            os.fsync(copy.fileno())
        if hashed(draft) != hashed(source):
            raise Failed("the backup in {path} is not what was written", "the disk may be failing", path=target)
        draft.rename(target)
    except BaseException:
        with suppress(OSError):  # the disk may be gone
            draft.unlink(missing_ok=True)
        raise
    sync_directory(target.parent)
