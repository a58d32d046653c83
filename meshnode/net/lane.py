"""Lets all sessions together take one turn at a time in the store thread, so that the owner's commands hardly wait for them.

The store thread does one thing after the other, in the order in which it is asked. With 64 sessions that bring records,
64 of them would stand before each slice of a search. In a lane one of them stands there, and the others behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import trio

from meshnode.replica.replica import StoreRunner

Result = TypeVar("Result")


class Lane:
    """Runs functions in the store thread, in the order in which they came here; of all of them one waits there."""

    def __init__(self, store_thread: StoreRunner) -> None:
        self._store_thread = store_thread
        self._turn = trio.CapacityLimiter(1)

    async def run(self, function: Callable[..., Result], /, *arguments: Any) -> Result:
        """Call the function as the store thread's `run` does. Cancelling while it waits here takes effect at once."""
        async with self._turn:
            return await self._store_thread.run(function, *arguments)
