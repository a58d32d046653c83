"""Looks after a folder that others copy, or a stick that comes and goes: takes parcels in from it, and writes own ones there.

Nobody waits for it, so nothing that lies there may end the node. A parcel says itself how long it is: one that is still
being written, or has changed since the last look, is left alone. Files of others are never removed or changed.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from pathlib import Path
from typing import IO, NamedTuple

import trio
from msgspec import Struct

from meshnode.app.parcels.making import ParcelOrder
from meshnode.app.parcels.settling import unsettled
from meshnode.errors import MeshnodeError, StorageFailed
from meshnode.local.parcels import ParcelDesk
from meshnode.replica.replica import Replica, StoreRunner
from protocol import RemoteError
from protocol.parcels import PARCEL_HEAD_BYTES, parcel_size

log = logging.getLogger(__name__)

LOOK_SECONDS = 10.0  # between two looks: a file that two of them find alike is whole
WRITE_SECONDS = 600.0  # between two parcels that are written by itself: each takes 64 KiB at least
SEEN_MAX = 1_000  # files that are remembered; of more, the oldest are looked at again
FILES_MAX = 10_000  # of one folder that are looked at: a stick full of other things is not searched for ever
READ_BYTES = 256 * 1024
SUFFIX = ".parcel"
_SEEN, _OWN = "carried files", "carried parcels"  # their keys among the small values of the store


class _Mark(NamedTuple):
    """The size of a file, and when it was last changed, in nanoseconds."""

    size: int
    changed: int


class _Found(NamedTuple):
    """A file, and whether it is a whole parcel. `again`: two looks have found it alike, so it is not opened any more."""

    mark: _Mark
    whole: bool
    again: bool


class CarrySettings(Struct, frozen=True):
    """The folder, and whether this node also writes parcels there."""

    folder: Path
    writes: bool


class Carrier:
    """Takes in what is new in a folder. `look` is one round; `run` goes on with rounds until cancelled."""

    def __init__(self, desk: ParcelDesk, replica: Replica, store_thread: StoreRunner, settings: CarrySettings) -> None:
        self._desk = desk
        self._replica = replica
        self._store_thread = store_thread
        self._settings = settings
        self._last: dict[str, _Found] = {}  # what the last look found
        self._seen: dict[str, _Mark] | None = None  # what was taken in, or refused; None before it was read
        self._next_write = 0.0
        self._missing = False

    async def run(self) -> None:
        """Look again and again. Raises only what must end the node."""
        while True:
            await self.look()
            await trio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Take in the parcels that are whole and were not taken in before; then write one, if that is wanted and due."""
        if self._seen is None:
            kept = await self._store_thread.run(self._replica.store.meta.get, _SEEN)
            self._seen = {name: _Mark(*mark) for name, mark in json.loads(kept or "{}").items()}
        try:
            found = await trio.to_thread.run_sync(_look_into, self._settings.folder, self._last)
        except OSError as error:
            if not self._missing:
                log.info("the folder of parcels is not there", extra={"why": error.strerror})
            self._missing = True
            return
        self._missing, self._last = False, found
        own = await self._own()
        still = {name: one.mark for name, one in found.items() if one.whole and one.again}
        for name, mark in sorted(still.items(), key=lambda one: (one[1].changed, one[0])):
            if name not in own and self._seen.get(name) != mark:
                await self._take(name, mark)
        if self._settings.writes:
            await self._tidy(own)
            await self._write()

    async def _take(self, name: str, mark: _Mark) -> None:
        assert self._seen is not None, "it was read"
        try:
            taken = await self._desk.take(_content(self._settings.folder / name))
            log.info("took a parcel in", extra={"new": taken.new})
        except StorageFailed:
            raise
        except MeshnodeError as error:
            log.info("a parcel was not taken in", extra={"why": error.message})
        except OSError as error:  # the stick was pulled out: it is tried again when it is back
            log.info("a parcel cannot be read", extra={"why": error.strerror})
            return
        self._seen.pop(name, None)
        self._seen[name] = mark
        self._seen = dict(list(self._seen.items())[-SEEN_MAX:])
        await self._store_thread.run(self._replica.store.meta.set, _SEEN, json.dumps(self._seen))

    # --- writing -------------------------------------------------------------------------------------------------------

    async def _own(self) -> dict[str, list[str]]:
        """Return the parcels that this node has written here: their names, with the ids of their parts."""
        kept = await self._store_thread.run(self._replica.store.meta.get, _OWN)
        own: dict[str, list[str]] = json.loads(kept or "{}")
        return own

    async def _write(self) -> None:
        """Write a parcel if there is anything new to carry."""
        if trio.current_time() < self._next_write:
            return
        self._next_write = trio.current_time() + WRITE_SECONDS
        made = await self._desk.make(ParcelOrder())
        if not made.size:
            return
        parts = [part.hex() for part in self._desk.parts(made.id)]
        path = self._settings.folder / f"{made.id}{SUFFIX}"
        own = await self._own()  # before the file is there: it must not be taken for somebody else's
        await self._store_thread.run(self._replica.store.meta.set, _OWN, json.dumps({**own, path.name: parts}))
        try:
            await self._copy(made.id, path)
        except OSError as error:
            log.info("a parcel cannot be written", extra={"why": error.strerror})
            self._desk.drop(made.id)
            return
        await self._desk.handed_over(made.id)
        log.info("wrote a parcel", extra={"people": len(made.people)})

    async def _copy(self, name: str, path: Path) -> None:
        part = path.with_name(f".{path.name}.part")
        file = await trio.to_thread.run_sync(_new, part)
        try:
            async with aclosing(self._desk.content(name)) as content:
                async for piece in content:
                    await trio.to_thread.run_sync(file.write, piece)
            await trio.to_thread.run_sync(_finish, file, part, path)
        except BaseException:
            file.close()
            with suppress(OSError):
                part.unlink()
            raise

    async def _tidy(self, own: dict[str, list[str]]) -> None:
        """Remove own parcels that have arrived, or whose contents are sent again by now."""
        done = []
        for name, parts in own.items():
            if not await self._store_thread.run(unsettled, self._replica, [bytes.fromhex(part) for part in parts]):
                done.append(name)
                with suppress(OSError):
                    await trio.to_thread.run_sync((self._settings.folder / name).unlink)
        if done:
            left = {name: parts for name, parts in own.items() if name not in done}
            await self._store_thread.run(self._replica.store.meta.set, _OWN, json.dumps(left))


def _look_into(folder: Path, last: Mapping[str, _Found]) -> dict[str, _Found]:
    """Return the files of a folder; `last` are those of the last look. No link is followed, and nothing below is looked at."""
    found = {}
    with os.scandir(folder) as entries:
        for number, entry in enumerate(entries):
            if number >= FILES_MAX:
                break
            if entry.name.startswith((".", "~")) or not entry.is_file(follow_symlinks=False):
                continue
            with suppress(OSError):
                state = entry.stat(follow_symlinks=False)
                mark, known = _Mark(state.st_size, state.st_mtime_ns), last.get(entry.name)
                again = known is not None and known.mark == mark
                if known is not None and again and known.again:
                    found[entry.name] = known
                else:
                    # Also the second time: some disks note the time of a change in whole seconds only.
                    found[entry.name] = _Found(mark, _is_whole(Path(entry.path), mark.size), again)
    return found


def _is_whole(path: Path, size: int) -> bool:
    with path.open("rb") as file:
        head = file.read(PARCEL_HEAD_BYTES)
    try:
        return len(head) == PARCEL_HEAD_BYTES and parcel_size(head) == size
    except RemoteError:
        return False


async def _content(path: Path) -> AsyncGenerator[bytes, None]:
    file = await trio.to_thread.run_sync(_open, path)
    try:
        while data := await trio.to_thread.run_sync(file.read, READ_BYTES):
            yield data
    finally:
        file.close()


def _open(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")


def _new(path: Path) -> IO[bytes]:
    path.unlink(missing_ok=True)  # ours, from before a power cut
    return path.open("xb")


def _finish(file: IO[bytes], part: Path, path: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()
    part.rename(path)
