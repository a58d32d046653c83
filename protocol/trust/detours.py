"""Runs the second searches: for people whose shortest path is not allowed (protocol/README.md, "Trust").

A path between two people is not allowed if somebody between them is blocked either way with one of the two, or if it
has more than `limits.HOPS_MAX` vouches. The first search answers for everybody around a root. It leaves out all people
who are blocked either way with the root, but it counts neither hops nor the blocks of anybody else. A path that it
finds and that is allowed is the answer, since leaving out people or long paths makes no other path shorter. For
everybody else a second search follows: from one person to the root, led by the lengths of the first (A*), or for many
people at once.

Which of the first paths are allowed is remembered (block_checks.py).

Sybils can ask for any number of second searches. Therefore these are metered by introducer, which is the neighbor of
the root on a path: all people behind one introducer share one work budget. When it has run out, a path not found by
then counts as no trust.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from typing import NamedTuple, TypeAlias

from protocol import limits
from protocol.trust.block_checks import BlockChecks
from protocol.trust.bounded_paths import BoundedPaths, a_star_bounded, bounded_search
from protocol.trust.paths import IntroducerBudgets, ShortestPaths, Web, WorkBudget, a_star, hops_of

_Crossed: TypeAlias = "dict[tuple[int, frozenset[int]], list[int]]"
"""People by their introducer and by whom on their path they are blocked either way with."""
_FEW = 8  # for more people whose paths are not allowed for the same reason, one search for all of them is cheaper
_TRIAL_PART = 4  # searches one by one may look at 1/4 of all vouches before one search for all is taken instead


def allowance(edges: int) -> int:
    """Return how many vouches may be looked at for one introducer, in a web with `edges` vouches."""
    return max(limits.DETOUR_STEPS, 2 * edges)


def trial(edges: int) -> int:
    """Return how many vouches searches one by one may look at before one search for all is taken instead."""
    return edges // _TRIAL_PART


class _Group(NamedTuple):
    """Holds people for whom a search found paths that may not be allowed.

    `paths` are these paths. `guide` is a search without the people `banned` that counts no hops, for lower bounds.
    `payer` is the budget for further searches; None if everybody's own introducer pays.
    """

    people: list[int]
    paths: ShortestPaths | BoundedPaths
    guide: ShortestPaths
    banned: frozenset[int]
    payer: WorkBudget | None


class Detours:
    """Finds the allowed paths between one root and everybody. An object answers one call of `lengths`."""

    def __init__(
        self,
        web: Web,
        end: int,
        blockers: Collection[int],
        blocked: Callable[[int, int], bool],
        compared: Callable[[int, int], bool],
    ) -> None:
        """`blockers` are all who block anybody. `blocked(a, b)` says whether a and b are blocked either way.

        `compared` says the same and remembers no answers: it is for those who do that themselves.
        """
        self._compared = compared
        self._web = web
        self._end = end
        self._blockers = blockers
        self._blocked = blocked
        self._lengths: dict[int, int] = {}
        self._waiting: list[_Group] = []

    def lengths(
        self,
        first: ShortestPaths,
        checks: BlockChecks,
        banned: frozenset[int],
        direct: Mapping[int, int],
        asked: int | None = None,
    ) -> dict[int, int]:
        """Return the length of the shortest allowed path for everybody who has one, or only for the person `asked`.

        `first` is the search without the people `banned`, who are blocked either way with the root, and `checks` are the
        blocks on its paths. A vouch in `direct` is the answer for its person.
        """
        self._lengths = first.found() if asked is None else first.found_of(asked)
        group = _Group([], first, first, banned, None)
        if first.joined is not None:  # else no path is too long
            most = limits.HOPS_MAX
            too_long = [one for one, length in self._lengths.items() if hops_of(length) > most and one not in direct]
            if too_long:
                self._shorten(group._replace(people=too_long))
        if self._blockers:
            crossing, untested = checks.crossed(
                None if asked is None else [asked], first, self._blockers, self._compared
            )
            self._drop([person for person in untested if person not in direct])
            crossed: _Crossed = {}
            for person, between in crossing.items():
                if person not in direct:
                    crossed.setdefault((first.introducer(person), between), []).append(person)
            self._go_around_all(crossed, group)
        while self._waiting:
            self._check(self._waiting.pop())
        self._lengths.update((person, length) for person, length in direct.items() if person not in banned)
        for person in [person for person, length in self._lengths.items() if length >= self._end]:
            del self._lengths[person]
        return self._lengths

    @cached_property
    def _edges(self) -> int:
        """The number of vouches in the web."""
        return sum(map(len, self._web.outward))

    @cached_property
    def _introducers(self) -> IntroducerBudgets:
        return IntroducerBudgets(allowance(self._edges))

    def _check(self, group: _Group) -> None:
        """Search again for all of the group whose path is not allowed."""
        people, too_long = group.people, list[int]()
        if isinstance(group.paths, ShortestPaths) and group.paths.joined is not None:  # else none is too long
            most = limits.HOPS_MAX
            too_long = [person for person in group.people if hops_of(self._lengths[person]) > most]
            people = [person for person in group.people if hops_of(self._lengths[person]) <= most]
        if self._blockers:
            self._go_around_all(self._crossed(group, people), group)
        if too_long:
            self._shorten(group._replace(people=too_long))

    def _take(self, group: _Group, paths: ShortestPaths | BoundedPaths) -> None:
        """Take the lengths of the group from `paths`, to be checked."""
        lengths = {person: paths.length(person) for person in group.people}
        self._lengths.update(lengths)
        found = [person for person, length in lengths.items() if length < self._end]
        self._waiting.append(group._replace(people=found, paths=paths))

    def _drop(self, people: list[int]) -> None:
        """Leave these people without trust."""
        self._lengths.update(dict.fromkeys(people, self._end))

    # --- Paths with somebody on them who is blocked ------------------------------------------------------------------

    def _go_around_all(self, crossed: _Crossed, group: _Group) -> None:
        for (introducer, crossing), people in crossed.items():
            payer = group.payer or self._introducers.budget(introducer)
            self._go_around(crossing, group._replace(people=people, payer=payer), payer)

    def _crossed(self, group: _Group, people: list[int]) -> _Crossed:
        """Return those of `people` who are blocked either way with somebody on their path, by introducer and whom.

        Those are dropped for whom no work is left.
        """
        crossed: _Crossed = {}
        paths = group.paths
        blockers_between = self._blockers_between(paths) if isinstance(paths, ShortestPaths) else paths.between
        for person in people:
            between = list(paths.between(person) if person in self._blockers else blockers_between(person))
            if not between:
                continue
            introducer = paths.introducer(person)
            payer = group.payer or self._introducers.budget(introducer)
            if not payer.spend(limits.BLOCK_TEST_STEPS * len(between)):
                self._drop([person])
                continue
            crossing = frozenset(at for at in between if self._blocked(at, person))
            if crossing:
                crossed.setdefault((introducer, crossing), []).append(person)
        return crossed

    def _blockers_between(self, paths: ShortestPaths) -> Callable[[int], Iterable[int]]:
        """Return a function like `paths.between` that skips all who block nobody."""
        root, parent, end_parent, blockers = paths.root, paths.parent, paths.end_parent, self._blockers
        nearest = {root: root}  # the first blocker from each person to the root, that person included

        def nearest_to(person: int) -> int:
            passed, at = [], person
            while at not in nearest and at not in blockers:
                passed.append(at)
                at = parent[at]
            blocker = nearest.setdefault(at, at)
            nearest.update(dict.fromkeys(passed, blocker))
            return blocker

        def blockers_between(person: int) -> Iterable[int]:
            at = end_parent[person]
            at = nearest[at] if at in nearest else nearest_to(at)
            found = []
            while at != root:
                found.append(at)
                at = nearest_to(parent[at])
            return found

        return blockers_between

    def _go_around(self, crossing: frozenset[int], group: _Group, payer: WorkBudget) -> None:
        """Search without the people `crossing`, who are on the paths of the whole group and blocked with all of it."""
        banned = group.banned | crossing
        bounded = isinstance(group.paths, BoundedPaths)
        if len(group.people) <= _FEW:
            for person in group.people:
                self._lengths[person] = self._detour(group.guide, person, payer, bounded=bounded)
        elif bounded and payer.spend(len(self._web.outward)):  # and each of its steps
            again = bounded_search(self._web, self._end, banned, lambda _: payer)
            self._take(group._replace(banned=banned), again)
        elif not bounded and payer.spend(self._edges):
            guide = self._web.search(self._end, banned)
            self._take(group._replace(banned=banned, guide=guide), guide)
        else:
            self._drop(group.people)

    def _detour(self, guide: ShortestPaths, person: int, budget: WorkBudget, *, bounded: bool) -> int:
        """Return the length of the shortest allowed path between `person` and the root; or `end`.

        `bounded`: a search that counts no hops is known to find a path that is too long.
        """
        if budget.left <= 0:
            return self._end

        def banned(at: int) -> bool:
            return guide.dist[at] < 0 or self._blocked(at, person)

        root, end = self._web.root, self._end
        question = person, root, self._web.steps_from(person), end
        at_least = guide.dist.__getitem__
        if not bounded:
            found = a_star(*question, at_least=at_least, banned=banned, budget=budget)
            if found is None:
                return end
            if hops_of(found) <= limits.HOPS_MAX:
                return found
        shortened = a_star_bounded(*question, at_least=at_least, banned=banned, budget=budget)
        return end if shortened is None else shortened[root][0]

    # --- Paths with too many vouches ---------------------------------------------------------------------------------

    def _shorten(self, group: _Group) -> None:
        """Search for paths that are not too long. Each label of the common search is paid by its own introducer."""
        people, payer = group.people, group.payer
        if payer is not None and not payer.spend(2 * self._edges):
            self._drop(people)
            return
        budget = WorkBudget(trial(self._edges))
        while people:
            length = self._detour(group.guide, people[-1], budget, bounded=True)
            if budget.left <= 0:
                break
            self._lengths[people.pop()] = length
        if people:
            budget_of = self._introducers.budget if payer is None else lambda _: payer
            paths = bounded_search(self._web, self._end, group.banned, budget_of)
            self._take(group._replace(people=people), paths)
