"""A clock that moves only when the test moves it."""

from __future__ import annotations

from meshnode.clock import Clock
from tests.support.people import NOW


class FakeClock(Clock):
    """A node's real clock on a machine whose time the test sets: `wall` in UNIX seconds, `passed` since it started."""

    def __init__(self, wall: float = NOW, *, floor: int = 0) -> None:
        self.wall = wall
        self.passed = 0.0
        self.saved: list[int] = []
        super().__init__(floor, self.saved.append, wall=lambda: self.wall, monotonic=lambda: self.passed)

    def advance(self, seconds: float) -> None:
        """Let time pass, as seen from everywhere."""
        self.wall += seconds
        self.passed += seconds
