"""Waiting for something to come true: the one place where tests of real programs let real time pass."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

WITHIN_SECONDS = 20.0
LOOK_EVERY_SECONDS = 0.05

Found = TypeVar("Found")


def eventually(
    look: Callable[[], Found | None], what: str, *, within: float = WITHIN_SECONDS, every: float = LOOK_EVERY_SECONDS
) -> Found:
    """Return what `look` finds as soon as it is true; AssertionError naming `what` where it does not come to that."""
    deadline = time.monotonic() + within
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {within:g} s: {what} (last seen: {found!r})"
        time.sleep(every)
