"""Works off what happens in a simulated mesh, in the order of virtual time, ties in the order in which it was put there."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from protocol import limits
from tests.support.mesh_nodes import NeverSettles, Node

EVENTS_EACH = 20_000  # for each node: a hundred times of what the worst run took
FEWEST_NODES = 100  # a few nodes may have much to say to each other
SETTLES_WITHIN = 3 * limits.DAY  # seconds: slow readers take minutes for a message


class MeshEvents:
    """The virtual time that nodes live in, and what is still to happen."""

    def __init__(self) -> None:
        self.time = 0.0
        self.nodes: dict[str, Node] = {}
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def settle(self) -> None:
        """Run until nothing is on its way any more: no byte, no due reconnection. Timers further off do not count.

        Raises NeverSettles after more events, or more time, than any conversation may take.
        """
        until = self.time + SETTLES_WITHIN
        for _ in range(EVENTS_EACH * max(len(self.nodes), FEWEST_NODES)):
            if not self._heap:
                return
            at, _, event = heapq.heappop(self._heap)
            self.time = max(self.time, at)
            if self.time > until:
                raise NeverSettles(f"there is still something on its way after {SETTLES_WITHIN} s")
            event()
        raise NeverSettles(f"more than {EVENTS_EACH} events for each node")

    def run_for(self, seconds: float) -> None:
        """Let this much virtual time pass, and what is due by then happen; the rest stays on its way."""
        until = self.time + seconds
        while self._heap and self._heap[0][0] <= until:
            at, _, event = heapq.heappop(self._heap)
            self.time = max(self.time, at)
            event()
        self.time = until

    def _later(self, delay: float, event: Callable[[], None]) -> None:
        """Let `event` happen after so many seconds."""
        self._at(self.time + delay, event)

    def _at(self, when: float, event: Callable[[], None]) -> None:
        """Let `event` happen at this time."""
        self._count += 1
        heapq.heappush(self._heap, (when, self._count, event))
