"""Finds shortest paths through a web of vouches: Dijkstra 1959, A* (Hart, Nilsson, Raphael 1968).

People are small integers here (protocol/README.md, "Trust"). A web is two mirrored adjacency lists: `given[u][v]` is
the length of u's vouch for v, and `received[v][u]` is the same length. A vouch is mutual if v is in `given[u]` and u is in
`given[v]`. On a path from an author to a viewer, and on a path from a viewer to an author, every vouch but the last
must be mutual.

A length holds a cost and a number of hops in one integer, with the cost in the high bits. So the path with fewer hops
wins among paths of equal cost, on every node and in any order of search.

A path that counts has at most `limits.HOPS_MAX` vouches. The searches here find paths of any number of vouches; where
such a path is too long for somebody, bounded_paths.py finds the right one. To bound the work nonetheless, a
search that finds a path of that many vouches goes on only to people who have any path that short.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heappop, heappush
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from protocol import limits
from protocol.steps import Steps, complete
from protocol.trust.weights import COST

STEP_PEOPLE = 2_000  # of one step of a search, some 15 ms
HOP_BITS = 24
_HOPS = (1 << HOP_BITS) - 1
LENGTH: tuple[int, ...] = tuple(cost << HOP_BITS | 1 for cost in COST)
"""LENGTH[w]: the length of a vouch of w per mille."""

Adjacency: TypeAlias = list[dict[int, int]]
Onward: TypeAlias = Callable[[int], Sequence[tuple[int, int]]]
"""Returns the people to whom a path can go on from a person, each with the length of that step."""


def cost_of(length: int) -> int:
    """Return the cost in a length."""
    return length >> HOP_BITS


def hops_of(length: int) -> int:
    """Return the number of hops in a length."""
    return length & _HOPS


def beyond(highest_cost: int) -> int:
    """Return the least length whose cost is more than `highest_cost`."""
    return highest_cost + 1 << HOP_BITS


class WorkBudget(Struct):
    """Counts how many more steps a search may look at."""

    left: float

    def spend(self, steps: int) -> bool:
        """Take `steps` from the budget; False if they are more than was left."""
        self.left -= steps
        return self.left >= 0


class IntroducerBudgets:
    """Gives every introducer, who is the neighbor of the root on a path, a work budget of its own."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._budgets: dict[int, WorkBudget] = {}

    def budget(self, introducer: int) -> WorkBudget:
        """Return the budget for all paths that begin with this introducer."""
        budget = self._budgets.get(introducer)
        if budget is None:
            budget = self._budgets[introducer] = WorkBudget(self._steps)
        return budget


class ShortestPaths(Struct):
    """Holds the shortest paths between `root` and everybody, of any number of hops and shorter than `end`.

    `dist[x]` is the length of the shortest path that can be continued beyond x, since each of its vouches is mutual
    where it must be, and `parent[x]` is the neighbor of x on it, towards the root. `end_dist[x]` and `end_parent[x]`
    are the same for the shortest path that may end at x with a vouch that is not mutual. For paths towards the root
    there is no difference, and the lists are the same objects. Nobody is reached through a person of length -1.

    `joined` is None as long as all paths have at most `limits.HOPS_MAX` vouches. Otherwise it is everybody who has such
    a path at all, and only these are looked at: nobody else can be on a path that counts.
    """

    root: int
    end: int
    dist: list[int]
    parent: list[int]
    end_dist: list[int]
    end_parent: list[int]
    joined: frozenset[int] | None = None

    def copy(self) -> ShortestPaths:
        """Return a copy that shares nothing with this."""
        dist, parent = self.dist.copy(), self.parent.copy()
        if self.end_dist is self.dist:
            return ShortestPaths(self.root, self.end, dist, parent, dist, parent, self.joined)
        return ShortestPaths(
            self.root, self.end, dist, parent, self.end_dist.copy(), self.end_parent.copy(), self.joined
        )

    def narrow(self, web: Web) -> None:
        """Ban everybody who has no path of at most `limits.HOPS_MAX` vouches, once a path has that many."""
        self.joined = web.joined(lambda person: self.dist[person] < 0)
        for person in range(len(self.dist)):
            if person not in self.joined:
                self.dist[person] = self.end_dist[person] = -1

    def found(self) -> dict[int, int]:
        """Return the length for everybody who has a path."""
        end = self.end
        return {person: length for person, length in enumerate(self.end_dist) if 0 < length < end}

    def found_of(self, person: int) -> dict[int, int]:
        """Return the same for one person."""
        length = self.end_dist[person]
        return {person: length} if 0 < length < self.end else {}

    def length(self, person: int) -> int:
        """Return the length of the shortest path to `person`, or `end` if there is none."""
        length = self.end_dist[person]
        return length if length >= 0 else self.end

    def between(self, person: int) -> Iterator[int]:
        """Yield the people between `person` and the root on the shortest path, beginning next to the person."""
        at = self.end_parent[person]
        while at != self.root:
            yield at
            at = self.parent[at]

    def introducer(self, person: int) -> int:
        """Return the neighbor of the root on the shortest path to `person`, who may be that person."""
        *_, introducer = person, *self.between(person)
        return introducer


class Web(NamedTuple):
    """Shows a web as one search sees it: the root, and whether paths lead towards it or away from it.

    `outward[x]` are the people to whom a search that begins at the root goes on from x, and `inward[x]` those to whom a
    search that ends at the root does.
    """

    root: int
    towards: bool
    outward: Adjacency
    inward: Adjacency

    @classmethod
    def of(cls, root: int, given: Adjacency, received: Adjacency, *, towards: bool) -> Web:
        """Return the web for paths that lead towards `root`, or away from it."""
        return cls(root, towards, received, given) if towards else cls(root, towards, given, received)

    def search(self, end: int, banned: Iterable[int]) -> ShortestPaths:
        """Return the shortest paths of any number of hops, through nobody `banned`."""
        return complete(self.searching(end, banned))

    def searching(self, end: int, banned: Iterable[int]) -> Steps[ShortestPaths]:
        """Return the same in steps, between which the web must stay as it is."""
        return paths_to(self, end, banned) if self.towards else paths_from(self, end, banned)

    def steps_from(self, start: int) -> Onward:
        """Return the steps of a search from `start` to the root.

        The last vouch of a path need not be mutual. That is the vouch for the root or the vouch for `start`.
        """
        root, towards, outward, inward = self

        def steps(here: int) -> Sequence[tuple[int, int]]:
            back = outward[here]
            if towards:
                return [(person, step) for person, step in inward[here].items() if person in back or person == root]
            if here == start:
                return list(inward[here].items())
            return [(person, step) for person, step in inward[here].items() if person in back]

        return steps

    def joined(self, banned: Callable[[int], bool]) -> frozenset[int]:
        """Return everybody with a path of at most `limits.HOPS_MAX` vouches, at any cost, through nobody banned."""
        root, towards, outward, inward = self
        passed, ends = {root}, {root}
        border = [root]
        for _ in range(limits.HOPS_MAX):
            onward = []
            for here in border:
                mutual = inward[here]
                everybody = towards and here == root
                for person in outward[here]:
                    if person in passed:
                        continue
                    if banned(person):
                        passed.add(person)
                    elif everybody or person in mutual:
                        passed.add(person)
                        onward.append(person)
                    elif not towards:
                        ends.add(person)
            ends.update(onward)
            border = onward
        return frozenset(ends)


def paths_to(web: Web, end: int, banned: Iterable[int]) -> Steps[ShortestPaths]:
    """Return the shortest paths from everybody to the root (Dijkstra), through nobody `banned`."""
    root, _, received, given = web
    dist = [end] * len(given)
    for person in banned:
        dist[person] = -1
    dist[root] = 0
    parent = [root] * len(given)
    paths = ShortestPaths(root, end, dist, parent, end_dist=dist, end_parent=parent)
    heap: list[tuple[int, int]] = []
    for person, length in received[root].items():
        if length < dist[person]:
            dist[person] = length
            heappush(heap, (length, person))
    most = limits.HOPS_MAX
    passed = 0
    while heap:
        so_far, here = heappop(heap)
        if so_far != dist[here]:
            continue  # a shorter path was found meanwhile
        passed += 1
        if passed % STEP_PEOPLE == 0:
            yield
        if so_far & _HOPS >= most:
            most = _HOPS
            paths.narrow(web)
        mine = given[here]
        for person, step in received[here].items():
            length = so_far + step
            if length < dist[person] and person in mine:
                dist[person] = length
                parent[person] = here
                heappush(heap, (length, person))
    return paths


def paths_from(web: Web, end: int, banned: Iterable[int]) -> Steps[ShortestPaths]:
    """Return the shortest paths from the root to everybody (Dijkstra), through nobody `banned`."""
    root, _, given, received = web
    dist, end_dist = [end] * len(given), [end] * len(given)
    for person in banned:
        dist[person] = end_dist[person] = -1
    dist[root] = end_dist[root] = 0
    parent, end_parent = [root] * len(given), [root] * len(given)
    paths = ShortestPaths(root, end, dist, parent, end_dist, end_parent)
    heap = [(0, root)]
    most = limits.HOPS_MAX
    passed = 0
    while heap:
        so_far, here = heappop(heap)
        if so_far != dist[here]:
            continue
        passed += 1
        if passed % STEP_PEOPLE == 0:
            yield
        if so_far & _HOPS >= most:
            most = _HOPS
            paths.narrow(web)
        mutual = received[here]
        for person, step in given[here].items():
            length = so_far + step
            if length >= dist[person]:
                continue  # nor is it shorter than `end_dist`, which is never longer than `dist`
            if length < end_dist[person]:
                end_dist[person] = length
                end_parent[person] = here
            if person in mutual:
                dist[person] = length
                parent[person] = here
                heappush(heap, (length, person))
    return paths


def a_star(
    start: int,
    goal: int,
    steps: Onward,
    end: int,
    *,
    at_least: Callable[[int], int],
    banned: Callable[[int], bool],
    budget: WorkBudget,
) -> int | None:
    """Search for the shortest path of any number of hops from `start` to `goal` (A*).

    Returns its length; None if no path is shorter than `end`, or if the budget ran out before one was found.
    `at_least(x)` is a lower bound for the length of the rest of a path from x; it must never be more than a step plus the
    bound after that step.
    """
    shortest = {start: 0}
    settled: set[int] = set()
    heap = [(at_least(start), 0, start)]
    while heap:
        _, negative, here = heappop(heap)  # of equal bounds the one nearest to the goal first
        if here in settled:
            continue
        settled.add(here)
        so_far = -negative
        if here == goal:
            return so_far
        onward = steps(here)
        if not budget.spend(len(onward)):
            return None
        for person, step in onward:
            length = so_far + step
            if length >= shortest.get(person, end):
                continue
            bound = length + at_least(person)
            if bound < end and not banned(person):
                shortest[person] = length
                heappush(heap, (bound, -length, person))
    return None
