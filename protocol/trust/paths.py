"""Shortest ways through a web of vouches, people being small integers (protocol/README.md, "Trust").

A web is two mirrored lists of dicts: `given[u][v]` is the length of u's vouch for v and `received[v][u]` the same. A
vouch is answered when `v in given[u] and u in given[v]`. A way from an author to a viewer may run over answered vouches
and end with any; so may a way from a viewer to an author.

Lengths hold a cost and a number of hops in one integer, cost first, so that of two ways of equal cost the one with
fewer hops wins, on every node and in any order of search. No search goes on from who is HOPS_MAX steps away already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TypeAlias

from protocol.limits import HOPS_MAX
from protocol.trust.weights import COST

HOP_BITS = 24
_HOPS = (1 << HOP_BITS) - 1
LENGTH: tuple[int, ...] = tuple(cost << HOP_BITS | 1 for cost in COST)
"""LENGTH[w]: the length of a vouch of w per mille."""

Links: TypeAlias = list[dict[int, int]]
Steps: TypeAlias = Callable[[int], Sequence[tuple[int, int]]]
"""Where one can go from a person, and how far that is."""


def cost_of(length: int) -> int:
    """The cost in a length."""
    return length >> HOP_BITS


def hops_of(length: int) -> int:
    """The number of hops in a length."""
    return length & _HOPS


def beyond(highest_cost: int) -> int:
    """The least length whose cost is more than `highest_cost`."""
    return highest_cost + 1 << HOP_BITS


@dataclass(slots=True)
class Purse:
    """How many steps may still be looked at."""

    left: float

    def spend(self, steps: int) -> bool:
        """Pay for so many; False when there is nothing left to pay with."""
        self.left -= steps
        return self.left >= 0


@dataclass(frozen=True, slots=True)
class Tree:
    """What one search from `root` found, nobody's way being as long as `end`.

    `run[x]` is the length of the best way between the root and x over which trust runs on, and `before[x]` who stands
    next to x on it, on the root's side. `best[x]` and `last[x]` are the same for a way that may end at x with a vouch
    that is not answered; towards a viewer there is no difference, and the lists are the same.
    """

    root: int
    end: int
    run: list[int]
    before: list[int]
    best: list[int]
    last: list[int]

    def found(self) -> dict[int, int]:
        """Everybody with a best way, and its length."""
        end = self.end
        return {person: length for person, length in enumerate(self.best) if 0 < length < end}

    def order(self) -> list[int]:
        """Everybody with a way over which trust runs on, nearest first, without the root."""
        run, end = self.run, self.end
        return sorted([person for person, length in enumerate(run) if 0 < length < end], key=run.__getitem__)

    def between(self, person: int) -> Iterator[int]:
        """Who stands between `person` and the root on the best way, from the person's side."""
        at = self.last[person]
        while at != self.root:
            yield at
            at = self.before[at]

    def introducer(self, person: int) -> int:
        """The first from the root on the best way to `person`, maybe himself."""
        return next(iter(reversed((person, *self.between(person)))))


def ways_to(root: int, given: Links, received: Links, end: int, banned: Iterable[int]) -> Tree:
    """The best ways from everybody to `root` that are shorter than `end` and touch nobody `banned`."""
    run = [end] * len(given)
    for person in banned:
        run[person] = -1
    run[root] = 0
    before = [root] * len(given)
    heap: list[tuple[int, int]] = []
    for person, length in received[root].items():
        if length < run[person]:
            run[person] = length
            heappush(heap, (length, person))
    while heap:
        so_far, here = heappop(heap)
        if so_far != run[here]:
            continue  # a shorter way was found meanwhile
        if hops_of(so_far) >= HOPS_MAX:
            continue
        mine = given[here]
        for person, step in received[here].items():
            length = so_far + step
            if length < run[person] and person in mine:
                run[person] = length
                before[person] = here
                heappush(heap, (length, person))
    return Tree(root, end, run, before, best=run, last=before)


def ways_from(root: int, given: Links, end: int, banned: Iterable[int]) -> Tree:
    """The best ways from `root` to everybody that are shorter than `end` and touch nobody `banned`."""
    run, best = [end] * len(given), [end] * len(given)
    for person in banned:
        run[person] = best[person] = -1
    run[root] = best[root] = 0
    before, last = [root] * len(given), [root] * len(given)
    heap = [(0, root)]
    while heap:
        so_far, here = heappop(heap)
        if so_far != run[here]:
            continue
        if hops_of(so_far) >= HOPS_MAX:
            continue
        for person, step in given[here].items():
            length = so_far + step
            if length >= run[person]:
                continue  # nor does it better `best`, which is never longer than `run`
            if length < best[person]:
                best[person] = length
                last[person] = here
            if here in given[person]:
                run[person] = length
                before[person] = here
                heappush(heap, (length, person))
    return Tree(root, end, run, before, best, last)


def shortest(
    start: int,
    goal: int,
    steps: Steps,
    end: int,
    *,
    at_least: Callable[[int], int],
    banned: Callable[[int], bool],
    purse: Purse,
) -> dict[int, int] | None:
    """Search from `start` to `goal` alone; None if no way is shorter than `end`, or the purse is empty before that.

    `at_least(x)` is a lower bound for the rest of the way from x, exact bounds leading straight to the goal (A*); it
    must never be more than a step plus the bound after that step. Returns the length from `start` to everybody settled,
    the goal and all who stand on any of the best ways among them.
    """
    length: dict[int, int] = {start: 0}
    settled: dict[int, int] = {}
    heap = [(at_least(start), start)]
    while heap:
        _, here = heappop(heap)
        if here in settled:
            continue
        settled[here] = so_far = length[here]
        if here == goal:
            return settled
        if hops_of(so_far) >= HOPS_MAX:
            continue
        onward = steps(here)
        if not purse.spend(len(onward)):
            return None
        for person, step in onward:
            far = so_far + step
            if far >= length.get(person, end):
                continue
            bound = far + at_least(person)
            if bound < end and not banned(person):
                length[person] = far
                heappush(heap, (bound, person))
    return None
