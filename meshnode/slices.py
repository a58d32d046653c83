"""Lets long work in the store thread give way: a use-case that takes long is written as steps, and is run in slices.

The steps are a generator. It yields wherever it would be no harm if anything else happened in between, and returns the
result. Between two yields nothing else happens, so what it reads there belongs together. What it has read before a yield
may be out of date after it: it has to look again, or to work from what cannot change.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from protocol.steps import Steps, complete

__all__ = ["Finished", "Runner", "Steps", "advance", "complete", "in_slices", "undisturbed"]

ATTEMPTS = 5  # of work that must not be disturbed, while changes come in
SLICE_SECONDS = 0.01  # then the others have their turn; with the longest step it stays far below 0.1 s

Result = TypeVar("Result")


class Runner(Protocol):
    """Runs functions one at a time in a thread, as the store thread does."""

    def run(self, function: Callable[..., Any], /, *arguments: Any) -> Awaitable[Any]:
        """Run `function(*arguments)` in that thread, and return its result."""


class Finished(NamedTuple, Generic[Result]):
    """The result of steps that have come to their end."""

    result: Result


def advance(steps: Steps[Result], seconds: float = SLICE_SECONDS) -> Finished[Result] | None:
    """Take steps for some seconds, one at least; return the result if that was the last one, else None."""
    until = time.monotonic() + seconds
    try:
        next(steps)
        while time.monotonic() < until:
            next(steps)
    except StopIteration as end:
        return Finished(end.value)
    return None


def undisturbed(state: Callable[[], object], attempt: Callable[[], Steps[Result]]) -> Steps[Result]:
    """Return the result of `attempt`, all of which is true of one moment: if anything changes meanwhile, it begins again.

    `state()` returns what changes with everything that the attempt reads. So that it ends even if changes never do, the
    last attempt gives way no longer.
    """
    for _ in range(ATTEMPTS):
        begun, steps = state(), attempt()
        while state() == begun:
            try:
                next(steps)
            except StopIteration as end:
                found: Result = end.value
                return found
            yield
    return complete(attempt())


async def in_slices(runner: Runner, steps: Steps[Result]) -> Result:
    """Take all steps in the runner's thread, in slices between which it does what others ask for; return the result.

    Cancelling takes effect between two slices.
    """
    while True:
        finished: Finished[Result] | None = await runner.run(advance, steps)
        if finished is not None:
            return finished.result
