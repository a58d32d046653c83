"""Finds the shortest paths of at most `limits.HOPS_MAX` vouches: Bellman-Ford 1958, and A* with several paths a person.

One path for each person is not enough to find them: a longer path with fewer hops may be the only one that can be
continued. So these searches keep, for each person, every path that is shorter than all paths with fewer hops. That
costs several times what a search in paths.py costs, and Sybils can make it cost more; therefore it is metered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush
from typing import TypeAlias

from msgspec import Struct

from protocol import limits
from protocol.trust.paths import Onward, Web, WorkBudget, hops_of

Label: TypeAlias = tuple[int, int, int]
"""A path to a person: its length, its last person before them, and its first person after the root."""


class BoundedPaths(Struct, frozen=True):
    """Holds the shortest paths between a root and everybody with at most `limits.HOPS_MAX` vouches.

    `labels[n][x]` is a path of n hops that can be continued beyond x and is shorter than all with fewer hops. `ends[x]`
    is the shortest path that may end at x.
    """

    root: int
    end: int
    labels: list[dict[int, Label]]
    ends: dict[int, Label]

    def length(self, person: int) -> int:
        """Return the length of the shortest path to `person`, or `end` if none was found."""
        label = self.ends.get(person)
        return self.end if label is None else label[0]

    def between(self, person: int) -> Iterator[int]:
        """Yield the people between `person` and the root on the shortest path, beginning next to the person."""
        length, at, _ = self.ends[person]
        hops = hops_of(length)
        while at != self.root:
            yield at
            hops -= 1
            at = self.labels[hops][at][1]

    def introducer(self, person: int) -> int:
        """Return the neighbor of the root on the shortest path to `person`, who may be that person."""
        return self.ends[person][2]

    def lengths(self) -> dict[int, list[int]]:
        """Return the lengths of all paths that can be continued, as `a_star_bounded` does."""
        lengths: dict[int, list[int]] = {}
        for labels in reversed(self.labels):
            for person, (length, _, _) in labels.items():
                lengths.setdefault(person, []).append(length)
        return lengths


def bounded_search(web: Web, end: int, banned: Iterable[int], budget_of: Callable[[int], WorkBudget]) -> BoundedPaths:
    """Return the shortest paths with at most `limits.HOPS_MAX` vouches (Bellman-Ford), through nobody `banned`.

    Each round looks for paths with one more vouch than the round before. `budget_of(x)` pays for all paths whose first
    person after the root is x; paths on which the budget ran out are not continued, and what was found remains.
    """
    root, towards, outward, inward = web
    dist = [end] * len(outward)
    end_dist = dist if towards else [end] * len(outward)
    for person in banned:
        dist[person] = end_dist[person] = -1
    dist[root] = end_dist[root] = 0
    labels: list[dict[int, Label]] = [{root: (0, root, root)}]
    ends: dict[int, Label] = {}
    while labels[-1] and len(labels) <= limits.HOPS_MAX:
        onward: dict[int, Label] = {}
        for here, (so_far, _, introducer) in labels[-1].items():
            if here != root and not budget_of(introducer).spend(len(outward[here])):
                continue
            mutual = inward[here]
            everybody = towards and here == root
            for person, step in outward[here].items():
                length = so_far + step
                if length >= dist[person]:
                    continue
                label = length, here, person if here == root else introducer
                if length < end_dist[person] and not towards:
                    end_dist[person] = length
                    ends[person] = label
                if everybody or person in mutual:
                    dist[person] = length
                    onward[person] = label
        if towards:
            ends.update(onward)
        labels.append(onward)
    return BoundedPaths(root, end, labels, ends)


def a_star_bounded(
    start: int,
    goal: int,
    steps: Onward,
    end: int,
    *,
    at_least: Callable[[int], int],
    banned: Callable[[int], bool],
    budget: WorkBudget,
) -> dict[int, list[int]] | None:
    """Search for the shortest path of at most `limits.HOPS_MAX` vouches from `start` to `goal` (A*).

    It does what `a_star` does, but a person is settled once for every path that is longer than one before and has fewer
    hops. So each has several lengths, and the shortest is the first.
    """
    settled: dict[int, list[int]] = {}
    heap = [(at_least(start), 0, start)]
    while heap:
        _, negative, here = heappop(heap)
        so_far = -negative
        lengths = settled.setdefault(here, [])
        if lengths and hops_of(so_far) >= hops_of(lengths[-1]):
            continue
        lengths.append(so_far)
        if here == goal:
            return settled
        if hops_of(so_far) == limits.HOPS_MAX:
            continue
        onward = steps(here)
        if not budget.spend(len(onward)):
            return None
        for person, step in onward:
            length = so_far + step
            if person in settled and hops_of(length) >= hops_of(settled[person][-1]):
                continue
            bound = length + at_least(person)
            if bound < end and not banned(person):
                heappush(heap, (bound, -length, person))
    return None
