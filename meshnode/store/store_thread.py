"""Runs store functions in a worker thread: the one seam between trio and the synchronous code of `store` and `app`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar, TypeVarTuple

import trio

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


class StoreThread:
    """Runs functions one at a time in a worker thread, in the order in which they were asked for.

    There is one for each database connection, and every task of the node that touches the store goes through it. Each
    function runs inside the context that `around` makes: a node passes `Changes.held`, so that listeners hear of a
    commit when the function that made it has returned.
    """

    def __init__(self, around: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        self._around = around
        self._one_at_a_time = trio.CapacityLimiter(1)

    async def run(self, function: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
        """Call `function(*arguments)` when its turn has come; return what it returns and raise what it raises.

        Cancelling while it waits for its turn takes effect at once. A function that has begun runs to its end before
        the cancellation is raised, so no transaction is ever left open.
        """
        return await trio.to_thread.run_sync(
            self._call, function, *arguments, limiter=self._one_at_a_time, abandon_on_cancel=False
        )

    def _call(self, function: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
        with self._around():
            return function(*arguments)
