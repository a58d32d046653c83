"""Makes one backup a day while the node runs, once there is a key for it, and deletes those that are no longer kept."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import trio

from meshnode.app import backup_state
from meshnode.backup.maker import BackupMaker
from meshnode.backup.private_copy import copy_private
from meshnode.backup.rotation import NAME, date_of, surplus
from meshnode.errors import Failed, MeshnodeError, StorageFailed, of_system

log = logging.getLogger(__name__)

LOOK_SECONDS = 15 * 60  # between two looks whether a backup is due
FIRST_SECONDS = 120  # after the start, when other nodes were met


class DailyBackups:
    """Keeps the daily backups of one home."""

    def __init__(self, maker: BackupMaker) -> None:
        self._maker = maker

    async def run(self) -> None:
        """Make a backup each day until cancelled. One that fails is tried again at the next look.

        Removes the backups, too, that were made for somebody who has not fetched them.
        """
        await trio.sleep(FIRST_SECONDS)
        while True:
            await self._maker.remove_unfetched()
            await self.make_if_due()
            await trio.sleep(LOOK_SECONDS)

    async def make_if_due(self) -> bool:
        """Make today's backup if there is a key and none was made today; return whether one was made.

        Nothing is made or deleted while the date is in doubt, or while the disk for it is away. What keeps it from being
        made is noted for the owner.
        """
        maker, replica = self._maker, self._maker.replica
        try:
            recipients = maker.recipients()
            if not recipients or not replica.clock.trusted:
                return False
            today = datetime.fromtimestamp(replica.clock.now(), UTC).date()
            if not await trio.to_thread.run_sync(_is_due, maker.directory, today):
                await maker.store_thread.run(backup_state.forget_failure, replica)
                return False
            made = await maker.make(recipients)
            try:
                await trio.to_thread.run_sync(_keep, made.path, maker.directory, today)
            finally:
                made.path.unlink(missing_ok=True)
            await maker.store_thread.run(backup_state.note_made, replica)
            await trio.to_thread.run_sync(_delete_surplus, maker.directory, today)
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


def _file(directory: Path, day: date) -> Path:
    return directory / NAME.format(day.isoformat())


def _is_due(directory: Path, today: date) -> bool:
    """Whether the directory, which is made if its disk is there, has no backup of today."""
    with _on_the_other_disk():
        directory.mkdir(mode=0o700, exist_ok=True)
        return _file(directory, today).name not in os.listdir(directory)  # noqa: PTH208 - names are enough


def _keep(made: Path, directory: Path, today: date) -> None:
    with _on_the_other_disk():
        copy_private(made, _file(directory, today))


def _delete_surplus(directory: Path, today: date) -> None:
    with _on_the_other_disk():
        for name in surplus([path.name for path, _ in kept(directory)], today):
            (directory / name).unlink(missing_ok=True)


@contextmanager
def _on_the_other_disk() -> Iterator[None]:
    """Do something with the directory of the backups. A disk of its own that fails is no reason to end the node."""
    try:
        yield
    except OSError as error:
        meaning = of_system(error)
        raise Failed(meaning.message, meaning.hint) from error
