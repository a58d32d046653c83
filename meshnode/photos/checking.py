"""Decodes the photos that came, a few at a time, so that they can be shown and passed on; clears up behind listings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import trio

from meshnode.photos import child
from meshnode.replica.replica import Replica, StoreRunner
from meshnode.wakeup import Wakeup
from protocol import PhotoHash

AT_ONCE = 8  # photos of one author that one child decodes
PAUSE_SECONDS = 0.2  # between two children: the photos of a whole neighborhood come at once


class PhotoChecker:
    """Checks the photos of one node until it is cancelled."""

    def __init__(self, replica: Replica, store_thread: StoreRunner) -> None:
        self._replica = replica
        self._store_thread = store_thread
        self._came = Wakeup()
        token = trio.lowlevel.current_trio_token()
        wake: Callable[[], None] = partial(token.run_sync_soon, self._came.set, idempotent=True)
        replica.photos.on_came.append(wake)

    async def run(self) -> None:
        """Decode what came before, also before the last failure, and then what comes, for ever."""
        while True:
            while found := await self._store_thread.run(self._unchecked):
                shown = await child.show([data for _, data in found])
                hashes = [hash_ for hash_, _ in found]
                await self._store_thread.run(self._note, list(zip(hashes, shown, strict=True)))
                await trio.sleep(PAUSE_SECONDS)
            await self._came.wait()

    def _unchecked(self) -> list[tuple[PhotoHash, bytes]]:
        return self._replica.photos.to_decode(AT_ONCE)

    def _note(self, checked: list[tuple[PhotoHash, bytes | None]]) -> None:
        with self._replica.transaction():
            for hash_, shown in checked:
                self._replica.store.photos.note_checked(hash_, shown)
