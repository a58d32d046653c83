"""Makes parcels and takes them in for the owner's doors: one at a time, in slices, and from a file that nobody can name.

A parcel that was made lies in a temporary file without a name until it is fetched. What is in it is sealed already.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import trio
from msgspec import Struct

from meshnode.app.parcels import making
from meshnode.app.parcels.making import MadeParcel, ParcelOrder, ParcelView
from meshnode.app.parcels.taking import ParcelIntake, TakenView
from meshnode.errors import NotFound, Refused
from meshnode.replica.replica import Replica, StoreRunner
from meshnode.slices import in_slices
from protocol import limits

KEPT = 4  # parcels that wait to be fetched: one on the command line and a few on pages
READ_BYTES = 256 * 1024
FILE_BYTES_MAX = (limits.PARCEL_CHUNKS_MAX + 64) * limits.PARCEL_CHUNK_BYTES  # of a parcel with its head and boxes


OWN_MAX = 64  # parcels of this node that are remembered, to know them again on a stick
MARKED_BYTES = 256  # of the beginning of a parcel, by which it is known: the boxes in it are like no others
_OWN = "parcels made here"  # the name, in the store's small values, of the marks of those


class _Waiting(Struct):
    """A parcel that waits to be fetched, and the file that holds its chunks."""

    made: MadeParcel
    chunks: IO[bytes]
    noted: bool = False
    """Whether it counts as handed over already."""


class ParcelDesk:
    """The parcels of one node, as its doors need them. Used on the event loop."""

    def __init__(self, store_thread: StoreRunner, replica: Replica) -> None:
        self._store_thread = store_thread
        self._replica = replica
        self._one_at_a_time = trio.Lock()
        self._waiting: dict[str, _Waiting] = {}

    async def make(self, order: ParcelOrder) -> ParcelView:
        """Make a parcel, and keep it until it is fetched or others have come. Errors as `making.plan`."""
        replica = self._replica
        async with self._one_at_a_time:
            wanted = await self._store_thread.run(making.plan, replica, order)
            file = await trio.to_thread.run_sync(_spool, replica.store.directory)
            try:
                made = await in_slices(self._store_thread, making.making(replica, wanted, file.write))
            except BaseException:
                file.close()
                raise
        name = replica.entropy(8).hex()
        view = await self._store_thread.run(making.view, replica, wanted, made, name)
        if made.parts:
            self._waiting[name] = _Waiting(made, file)
            while len(self._waiting) > KEPT:
                self.drop(next(iter(self._waiting)))
        else:
            file.close()
        return view

    def size(self, name: str) -> int:
        """Return the bytes of a parcel that waits. Raises NotFound if there is none of this name."""
        return self._found(name).made.size

    def parts(self, name: str) -> list[bytes]:
        """Return the ids of the parts of a parcel that waits. Raises NotFound if there is none of this name."""
        return [part.id for part in self._found(name).made.parts]

    async def content(self, name: str) -> AsyncGenerator[bytes, None]:
        """Yield a parcel that waits, in pieces. Raises NotFound if there is none of this name."""
        waiting = self._found(name)
        for piece in waiting.made.before():
            yield piece
        position = 0
        while data := await trio.to_thread.run_sync(_read_at, waiting.chunks, position):
            position += len(data)
            yield data
        for piece in waiting.made.after():
            await trio.lowlevel.checkpoint()
            yield piece

    async def handed_over(self, name: str) -> None:
        """Note that a parcel has been written to where it is to go, and forget it. Raises NotFound as `content`."""
        await self.note_handed_over(name)
        self.drop(name)

    async def note_handed_over(self, name: str) -> None:
        """Note that a parcel leaves now, and keep it: it may have to be saved once more. Raises NotFound as `content`."""
        waiting = self._found(name)
        if not waiting.noted:
            waiting.noted = True
            await self._store_thread.run(_note_handed_over, self._replica, waiting.made)

    def drop(self, name: str) -> None:
        """Forget a parcel that waits, if it is here."""
        waiting = self._waiting.pop(name, None)
        if waiting is not None:
            waiting.chunks.close()

    def close(self) -> None:
        """Forget all parcels that wait, as the node ends."""
        for name in list(self._waiting):
            self.drop(name)

    async def take(self, stream: AsyncGenerator[bytes, None]) -> TakenView:
        """Take a parcel in as its bytes arrive, and stop reading where the rest says nothing.

        Raises Refused for one that this node has made, and the errors of `taking.ParcelIntake`.
        """
        beginning = bytearray()
        async with self._one_at_a_time:
            try:
                return await self._taken(stream, beginning)
            except Refused:
                if await self._store_thread.run(_is_own, self._replica, bytes(beginning)):
                    raise Refused(
                        "this is a parcel that you have made yourself", "give it to those whom it is for"
                    ) from None
                raise

    async def _taken(self, stream: AsyncGenerator[bytes, None], beginning: bytearray) -> TakenView:
        """Take a parcel in; `beginning` gets its first bytes."""
        intake = await self._store_thread.run(ParcelIntake, self._replica)
        received = 0
        async with aclosing(stream):
            async for data in stream:
                beginning += data[: MARKED_BYTES - len(beginning)]
                received += len(data)
                if received > FILE_BYTES_MAX:
                    raise Refused("this is no parcel that can be taken in: it is too large", "ask for a new one")
                await in_slices(self._store_thread, intake.receive(data))
                if intake.done:
                    break
        return await in_slices(self._store_thread, intake.finish())

    def _found(self, name: str) -> _Waiting:
        found = self._waiting.get(name)
        if found is None:
            raise NotFound("this parcel is no longer here", "make it again")
        return found


def _note_handed_over(replica: Replica, made: MadeParcel) -> None:
    making.note_handed_over(replica, made)
    marks = json.loads(replica.store.meta.get(_OWN) or "[]")
    replica.store.meta.set(_OWN, json.dumps([*marks, _mark(made.beginning)][-OWN_MAX:]))


def _is_own(replica: Replica, beginning: bytes) -> bool:
    return _mark(beginning) in json.loads(replica.store.meta.get(_OWN) or "[]")


def _mark(beginning: bytes) -> str:
    return blake2b(beginning[:MARKED_BYTES], digest_size=8).hexdigest()


def _spool(directory: Path | None) -> IO[bytes]:
    """Return a file without a name on the disk of the store, which has more room than memory has."""
    return TemporaryFile(dir=directory)


def _read_at(file: IO[bytes], position: int) -> bytes:
    with suppress(ValueError):  # it was closed meanwhile
        file.seek(position)
        return file.read(READ_BYTES)
    return b""
