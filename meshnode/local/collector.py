"""Keeps Python's garbage collector from holding the store thread: what stays for good is taken out of its sight in time.

The collector goes through everything that it watches whenever that has grown by a quarter. While the catalog of a large
node is filled, one such look takes a fifth of a second. What the steps have made by then stays, so it is set aside.
"""

from __future__ import annotations

import gc
from typing import TypeVar

from meshnode.slices import Steps

SET_ASIDE_EVERY = 20  # steps, each of fifty posts: a look at what they have made takes some milliseconds

Result = TypeVar("Result")


def set_aside() -> None:
    """Let the collector pass over everything that lives now, after a look for garbage among the latest of it."""
    gc.collect(1)
    gc.freeze()


def setting_aside(steps: Steps[Result]) -> Steps[Result]:
    """Take these steps, which make many objects that stay, and set those aside now and then."""
    number = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            set_aside()
            result: Result = end.value
            return result
        number += 1
        if number % SET_ASIDE_EVERY == 0:
            set_aside()
        yield
