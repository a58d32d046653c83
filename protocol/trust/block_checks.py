"""Remembers who is blocked either way with somebody on their shortest path (protocol/README.md, "Trust").

A block names a person by a keyed hash, so each pair of a blocker and somebody on the same path costs a hash. Sybils can
be blockers at the ends of long paths by the ten thousand. Therefore the outcome for each person is remembered together
with the path for which it holds; after a change of vouches or blocks only the people whose path has moved are looked
at, and of their paths only those who were not there before. What is left is metered by introducer: somebody whose path
could not be compared within that counts as having no trust until a later change leaves room for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TypeAlias

from protocol import limits
from protocol.trust.paths import Adjacency, ShortestPaths, hops_of

_TESTS_EACH = 8  # of one introducer's people, on average, however many they are: honest paths are short
_REFILL_PART = 32  # after each change this part of what an introducer may spend in all can be spent again

Trail: TypeAlias = "tuple[int, Trail] | None"
"""People on a path, from one of them towards the root. Paths that continue alike share their rest."""


class BlockChecks:
    """The blocks on the shortest paths of one root. The caller says what has changed, and passes the paths of now."""

    def __init__(self) -> None:
        self._tested: dict[
            int, Trail
        ] = {}  # the part of their path that somebody was compared with, where there is one
        self._crossing: dict[int, frozenset[int]] = {}
        self._stale: set[int] | None = None  # people whose path may be another one now; None: everybody
        self._again: dict[int, set[int]] = {}  # of stale people: those with whom they must be compared once more
        self._left: dict[int, tuple[int, int]] = {}  # of each introducer: comparisons left, and after which change
        self._changes = 0

    def copy(self) -> BlockChecks:
        """Return a copy that shares nothing with this."""
        copy = BlockChecks()
        copy._tested, copy._crossing = self._tested.copy(), self._crossing.copy()
        copy._stale = None if self._stale is None else self._stale.copy()
        copy._again = {person: others.copy() for person, others in self._again.items()}
        copy._left, copy._changes = self._left.copy(), self._changes
        return copy

    def moved(self, people: Iterable[int] | None) -> None:
        """Take notice that the paths of these people may be others now; None: of everybody."""
        self._changes += 1
        if people is None:
            self._stale = None
        elif self._stale is not None:
            self._stale.update(people)

    def blocks_changed(self, person: int, paths: ShortestPaths, outward: Adjacency) -> None:
        """Take notice that somebody blocks others than before, or has the number of somebody else."""
        for stale in self._tested.keys() if self._stale is None else self._stale:
            self._again.setdefault(stale, set()).add(person)
        for other in _behind(person, paths, outward):
            self._again.setdefault(other, set()).add(person)
            if self._stale is not None:
                self._stale.add(other)
        self._tested.pop(person, None)
        if self._stale is not None:
            self._stale.add(person)

    def crossed(
        self,
        people: Iterable[int] | None,
        paths: ShortestPaths,
        blockers: Collection[int],
        blocked: Callable[[int, int], bool],
    ) -> tuple[dict[int, frozenset[int]], set[int]]:
        """Return who is blocked either way with whom on their path; and who could not be compared.

        Only about `people`; None: about everybody. `blocked(a, b)` says whether a and b are blocked either way.
        """
        stale = set(range(len(paths.dist))) if self._stale is None else self._stale
        self._stale = stale
        wanted = stale.copy() if people is None else stale.intersection(people)
        untested = self._compare(wanted, paths, blockers, blocked) if wanted else set[int]()
        if people is None:
            return self._crossing, untested
        return {person: self._crossing[person] for person in people if person in self._crossing}, untested

    def _compare(
        self,
        wanted: set[int],
        paths: ShortestPaths,
        blockers: Collection[int],
        blocked: Callable[[int, int], bool],
    ) -> set[int]:
        """Compare everybody wanted with their path, the nearest first; return those for whom nothing was left."""
        assert self._stale is not None
        trails = _Trails(paths, blockers)
        new_on: dict[tuple[int, int], list[int]] = {}
        most = max(limits.BLOCK_TESTS, _TESTS_EACH * len(paths.dist))
        end_dist, end = paths.end_dist, paths.end
        untested: set[int] = set()
        for person in sorted(wanted, key=end_dist.__getitem__):
            again = self._again.pop(person, None)
            has_path = 0 < end_dist[person] < end and hops_of(end_dist[person]) <= limits.HOPS_MAX
            trail = trails.of(person) if has_path else None
            known = self._tested.get(person)
            if trail is not known or again:
                pair = id(trail), id(known)
                if pair not in new_on:
                    new_on[pair] = _added(trail, known)
                new = new_on[pair]
                if again:
                    new = [*{*new, *again.intersection(_walk(trail))}]
                if new and not self._spend(trails.introducer(person), len(new), most):
                    untested.add(person)
                    self._tested.pop(person, None)
                    self._crossing.pop(person, None)
                    continue
                self._take(person, trail, again, {other for other in new if blocked(other, person)})
            self._stale.discard(person)
        return untested

    def _take(self, person: int, trail: Trail, again: set[int] | None, found: set[int]) -> None:
        known = self._crossing.pop(person, None)
        if known:
            found |= known.intersection(_walk(trail)).difference(again or ())
        if found:
            self._crossing[person] = frozenset(found)
        if trail is None:
            self._tested.pop(person, None)
        else:
            self._tested[person] = trail

    def _spend(self, introducer: int, tests: int, most: int) -> bool:
        """Take `tests` from what an introducer may spend; False if that is not enough."""
        left, when = self._left.get(introducer, (most, self._changes))
        left = min(most, left + (self._changes - when) * (most // _REFILL_PART))
        enough = left >= tests
        self._left[introducer] = (left - tests if enough else left), self._changes
        return enough


class _Trails:
    """Builds the trails of the paths of now. Of somebody who blocks nobody only the blockers on the path matter."""

    def __init__(self, paths: ShortestPaths, blockers: Collection[int]) -> None:
        self._paths = paths
        self._blockers = blockers
        self._everybody: dict[int, Trail] = {paths.root: None}
        self._only_blockers: dict[int, Trail] = {paths.root: None}
        self._introducer: dict[int, int] = {}

    def of(self, person: int) -> Trail:
        """Return the people between `person` and the root, or the blockers among them."""
        if person in self._blockers:
            return self._from(self._paths.end_parent[person], self._everybody, lambda _: True)
        return self._from(self._paths.end_parent[person], self._only_blockers, self._blockers.__contains__)

    def introducer(self, person: int) -> int:
        """Return the neighbor of the root on the path of `person`."""
        root, parent, at, passed = self._paths.root, self._paths.parent, self._paths.end_parent[person], []
        if at == root:
            return person
        while at not in self._introducer and parent[at] != root:
            passed.append(at)
            at = parent[at]
        found = self._introducer.setdefault(at, at)
        self._introducer.update(dict.fromkeys(passed, found))
        return found

    def _from(self, at: int, known: dict[int, Trail], counts: Callable[[int], bool]) -> Trail:
        parent, passed = self._paths.parent, []
        while at not in known:
            passed.append(at)
            at = parent[at]
        trail = known[at]
        for person in reversed(passed):
            if counts(person):
                trail = person, trail
            known[person] = trail
        return trail


def _behind(person: int, paths: ShortestPaths, outward: Adjacency) -> Iterator[int]:
    """Yield everybody on whose path the person is."""
    dist, parent, end_dist, end_parent, end = paths.dist, paths.parent, paths.end_dist, paths.end_parent, paths.end
    waiting = [person] if 0 < dist[person] < end else []
    while waiting:
        here = waiting.pop()
        for other in outward[here]:
            if end_parent[other] == here and 0 < end_dist[other] < end:
                yield other
            if parent[other] == here and 0 < dist[other] < end:
                waiting.append(other)


def _added(trail: Trail, known: Trail) -> list[int]:
    """Return the people on `trail` who are not on the trail `known`."""
    before = set(_walk(known))
    return [person for person in _walk(trail) if person not in before]


def _walk(trail: Trail) -> Iterator[int]:
    while trail is not None:
        person, trail = trail
        yield person
