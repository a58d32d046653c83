"""Keeps a small world for a number of inputs, since building one takes the most part of a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

World = TypeVar("World")


class Reused(Generic[World]):
    """Gives out one world to so many inputs, and then a new one: a fault may need some of the inputs before it."""

    def __init__(self, build: Callable[[], World], inputs: int) -> None:
        self._build = build
        self._inputs = inputs
        self._world: World | None = None
        self._left = 0

    def next(self) -> World:
        """Return the world for the next input."""
        if self._world is None or not self._left:
            self._world, self._left = self._build(), self._inputs
        self._left -= 1
        return self._world

    def renew(self) -> None:
        """Let the next input begin in a new world."""
        self._world = None
