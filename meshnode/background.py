"""Runs background tasks of the event loop in the guard: one that fails is begun again, and ends neither the node nor others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVarTuple

import trio

from meshnode.guard import Guard, leaves, stops

PAUSE_SECONDS = 1.0  # before a task that failed is begun again; doubled at each further failure
PAUSE_SECONDS_MAX = 300.0
STEADY_SECONDS = 600.0  # a task that ran for so long before it failed counts as having failed for the first time

Arguments = TypeVarTuple("Arguments")


async def run(guard: Guard, work: str, task: Callable[[*Arguments], Awaitable[object]], *arguments: *Arguments) -> None:
    """Run `task(*arguments)` until it returns or is cancelled; begin it again, after a pause, where it fails.

    `work` says in words what it does. Raises only an error that must end the node (`guard.stops`).
    """
    pause = PAUSE_SECONDS
    while True:
        begun = trio.current_time()
        if await once(guard, work, task, *arguments):
            guard.worked(work)
            return
        if trio.current_time() - begun >= STEADY_SECONDS:
            pause = PAUSE_SECONDS
        await trio.sleep(pause)
        pause = min(2 * pause, PAUSE_SECONDS_MAX)


async def once(
    guard: Guard, work: str, task: Callable[[*Arguments], Awaitable[object]], *arguments: *Arguments
) -> bool:
    """Run `task(*arguments)` once; return whether it came to its end. Raises only an error that must end the node."""
    done = False
    try:
        await task(*arguments)
        done = True
    except* Exception as group:
        if stops(group):
            raise
        error = next(leaves(group))
        assert isinstance(error, Exception)
        guard.note(work, error)
    return done
