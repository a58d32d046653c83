"""Runs a periodic task of the node when it is due, and soon after something was stored that may be due earlier."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import trio

from meshnode.wakeup import Wakeup

log = logging.getLogger(__name__)

SOONEST_SECONDS = 60.0  # between two rounds, however much is stored


class Scheduler:
    """Runs rounds of `upkeep`, which does what is due and returns after how many seconds it is to run again.

    Between the starts of two rounds there are at least `soonest` seconds.
    """

    def __init__(self, upkeep: Callable[[], Awaitable[float]], soonest: float = SOONEST_SECONDS) -> None:
        self._upkeep = upkeep
        self._soonest = soonest
        self._changed = Wakeup()

    def changed(self) -> None:
        """Run the next round soon: something was stored that may be due before."""
        self._changed.set()

    async def run(self) -> None:
        """Run rounds until cancelled. Errors of `upkeep` go on to the caller."""
        while True:
            begun = trio.current_time()
            pause = await self._upkeep()
            log.debug("upkeep done", extra={"again_in": pause})
            with trio.move_on_at(begun + pause):
                await self._changed.wait()
                await trio.sleep_until(begun + self._soonest)
