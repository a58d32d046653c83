"""What time does to a node: upkeep when it is due, and soon after something came that may fall due earlier."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import trio

log = logging.getLogger(__name__)

SOONEST_SECONDS = 60.0  # between two rounds, however much comes in


class Scheduler:
    """Runs one round after the other. `upkeep` does what is due and says after how many seconds to come again.

    Between the beginnings of two rounds there are at least `soonest` seconds.
    """

    def __init__(self, upkeep: Callable[[], Awaitable[float]], soonest: float = SOONEST_SECONDS) -> None:
        self._upkeep = upkeep
        self._soonest = soonest
        self._news = trio.Event()

    def changed(self) -> None:
        """Something was stored: it may fall due before the next round."""
        self._news.set()

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            self._news = trio.Event()
            begun = trio.current_time()
            pause = await self._upkeep()
            log.debug("upkeep done", extra={"again_in": pause})
            with trio.move_on_at(begun + pause):
                await self._news.wait()
                await trio.sleep_until(begun + self._soonest)
