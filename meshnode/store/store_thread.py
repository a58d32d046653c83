"""Where the store is worked at: the one seam between trio and the synchronous code of `store` and `app`.

One desk per connection, one visitor at a time, in a worker thread. Nobody is sent away half-way: a whole transaction
is one function, and cancelling waits for it to end, so that none is ever left open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import trio

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


class StoreThread:
    """Runs functions one after the other, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._one_at_a_time = trio.CapacityLimiter(1)

    async def run(self, function: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
        """Call `function` in the desk's turn and return what it returns. Once it has begun, it ends."""
        return await trio.to_thread.run_sync(function, *arguments, limiter=self._one_at_a_time, abandon_on_cancel=False)
