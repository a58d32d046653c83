"""Makes one backup a day while the node runs, once there is a key for it, and deletes those that are no longer kept."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import trio

from meshnode.app import backup_state
from meshnode.backup.contents import hashed
from meshnode.backup.maker import BackupMaker
from meshnode.backup.rotation import NAME, date_of, surplus
from meshnode.errors import Failed, MeshnodeError, StorageFailed, of_system
from meshnode.home import sync_directory

log = logging.getLogger(__name__)

LOOK_SECONDS = 15 * 60  # between two looks whether a backup is due
FIRST_SECONDS = 120  # after the start, when other nodes were met


class DailyBackups:
    """Keeps the daily backups of one home."""

    def __init__(self, maker: BackupMaker) -> None:
        self._maker = maker

    async def run(self) -> None:
        """Make a backup each day until cancelled. One that fails is tried again at the next look."""
        await trio.sleep(FIRST_SECONDS)
        while True:
            await self.make_if_due()
            await trio.sleep(LOOK_SECONDS)

    async def make_if_due(self) -> bool:
        """Make today's backup if there is a key and none was made today; return whether one was made.

        Nothing is made or deleted while the date is in doubt. What keeps it from being made is noted for the owner.
        """
        maker, replica = self._maker, self._maker.replica
        try:
            recipients = maker.recipients()
            if not recipients or not replica.clock.trusted:
                return False
            today = datetime.fromtimestamp(replica.clock.now(), UTC).date()
            if await trio.to_thread.run_sync(_has, maker.directory, today):
                return False
            made = await maker.make(recipients)
            try:
                await trio.to_thread.run_sync(_keep, made.path, maker.directory, today)
            finally:
                made.path.unlink(missing_ok=True)
        except StorageFailed:
            raise
        except MeshnodeError as error:
            log.warning("no backup was made", extra={"why": error.message})
            await maker.store_thread.run(backup_state.note_failed, replica, error.line)
            return False
        return True


def kept(directory: Path) -> list[tuple[Path, date]]:
    """Return the daily backups in a directory with their dates, the newest first; none where it cannot be read."""
    try:
        found = [(one, dated) for one in directory.iterdir() if (dated := date_of(one.name)) is not None]
    except OSError:
        return []
    return sorted(found, key=lambda pair: pair[1], reverse=True)


def _has(directory: Path, today: date) -> bool:
    return (directory / NAME.format(today.isoformat())).exists()


def _keep(made: Path, directory: Path, today: date) -> None:
    """Move a backup into the directory, which may be on another disk, and delete those that are no longer kept there."""
    _on_the_other_disk(lambda: _move(made, directory, directory / NAME.format(today.isoformat())))
    for name in surplus([path.name for path, _ in kept(directory)], today):
        _on_the_other_disk((directory / name).unlink)


def _move(made: Path, directory: Path, path: Path) -> None:
    directory.mkdir(mode=0o700, exist_ok=True)
    draft = directory / f".{path.name}.new"
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file, made.open("rb") as source:  # noqa: PTH123 - the mode must be right from the first byte on
        shutil.copyfileobj(source, file)
        file.flush()
        os.fsync(file.fileno())
    if hashed(draft) != hashed(made):
        draft.unlink()
        raise Failed("the backup in {path} is not what was written", "the disk may be failing", path=path)
    draft.rename(path)
    sync_directory(directory)


def _on_the_other_disk(do: Callable[[], None]) -> None:
    """Do something with the directory of the backups. A disk of its own that fails is no reason to end the node."""
    try:
        do()
    except OSError as error:
        meaning = of_system(error)
        raise Failed(meaning.message, meaning.hint) from error
