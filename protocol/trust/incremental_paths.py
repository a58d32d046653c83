"""Updates shortest paths after vouches or blocks changed, without a whole search (Ramalingam and Reps 1996).

A search answers for everybody at once and costs as much as the whole web is large; one changed vouch moves the paths of
few, and so does one more person through whom no path may lead. An update searches again for the people whose path lost
a vouch or has a longer one now, from the people who kept their paths, and improves the paths that can be improved. It does
not look at anybody else. The outcome equals that of a whole search, to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from heapq import heapify, heappop, heappush

from protocol import limits
from protocol.steps import Steps, complete
from protocol.trust.block_checks import BlockChecks
from protocol.trust.paths import STEP_PEOPLE, Adjacency, ShortestPaths, Web, hops_of

_CHANGES_PART = 4  # with more changed pairs than this part of the people, a whole search is cheaper
_CHANGES_KEPT = 64  # changes that are noted in any web, however small

Pair = tuple[int, int]


class IncrementalSearch:
    """Keeps the shortest paths of one root up to date while vouches change."""

    def __init__(self, web: Web, paths: ShortestPaths, banned: frozenset[int]):
        """`paths` is what a search of `web` without the people `banned` has found."""
        self._web = web
        self._banned = banned
        self.paths = paths
        self.checks = BlockChecks()

    def copied_to(self, web: Web) -> IncrementalSearch:
        """Return a copy for `web`, which is a copy of the web of this one."""
        copy = IncrementalSearch(web, self.paths.copy(), self._banned)
        copy.checks = self.checks.copy()
        return copy

    def update(self, changed: Collection[Pair], banned: frozenset[int]) -> ShortestPaths:
        """Return the shortest paths now, through nobody `banned`; see `updating`."""
        return complete(self.updating(changed, banned))

    def updating(self, changed: Collection[Pair], banned: frozenset[int]) -> Steps[ShortestPaths]:
        """Return the shortest paths now, through nobody `banned`, in steps, between which the web must stay as it is.

        A vouch came, went or has another weight between the pairs `changed`. A pair of somebody with themselves says that
        they block others than before, or that another person has their number.
        """
        turned = banned ^ self._banned
        blocking = [one for one, other in changed if one == other]
        pairs = {
            *(pair for pair in changed if pair[0] != pair[1]),
            *(pair for person in turned for pair in self._around(person)),
        }
        self._banned = banned
        if _CHANGES_PART * len(pairs) > len(self._web.outward):
            yield from self._search()
        elif pairs or turned:
            self._grow()
            moved = (yield from self._update_dist(pairs, turned)) if self._joined_as_before() else None
            if moved is None:
                yield
                yield from self._search()
            elif self._web.towards:
                self.checks.moved(moved)
            else:
                yield
                self.checks.moved((yield from self._update_end_dist(pairs, moved)))
        for person in blocking:
            self._grow()
            self.checks.blocks_changed(person, self.paths, self._web.outward)
        return self.paths

    def _around(self, person: int) -> Iterator[Pair]:
        """Yield the person with each one whom a vouch joins to them."""
        yield from ((person, other) for other in self._web.outward[person])
        yield from ((person, other) for other in self._web.inward[person])

    def _joined_as_before(self) -> bool:
        """Whether no path is too long, or the people with a path that is not are the same as at the last search."""
        joined = self.paths.joined
        return joined is None or joined == self._web.joined(self._banned.__contains__)

    def _search(self) -> Steps[None]:
        self.paths = yield from self._web.searching(self.paths.end, self._banned)
        self.checks.moved(None)

    def _grow(self) -> None:
        """Make room for people who were not there at the last search."""
        paths = self.paths
        new = len(self._web.outward) - len(paths.dist)
        length = paths.end if paths.joined is None else -1
        paths.dist.extend([length] * new)
        paths.parent.extend([paths.root] * new)
        if not self._web.towards:
            paths.end_dist.extend([length] * new)
            paths.end_parent.extend([paths.root] * new)

    def _step(self, person: int, nearer: int) -> int | None:
        """Return the length of the step between the two, if a path can be continued over it; `nearer` is towards the
        root."""
        root, towards, outward, inward = self._web
        step = inward[person].get(nearer)
        if step is None:
            return None
        return step if (towards and nearer == root) or nearer in outward[person] else None

    def _turn(self, turned: Iterable[int]) -> None:
        """Take out the people of `turned` who are banned now, and make room for those who no longer are."""
        paths = self.paths
        for person in turned:
            if person in self._banned:
                paths.dist[person] = paths.end_dist[person] = -1
            elif paths.joined is None:  # else nobody has joined, so they have no path that is short enough
                paths.dist[person] = paths.end_dist[person] = paths.end

    def _update_dist(self, changed: Iterable[Pair], turned: Collection[int]) -> Steps[set[int] | None]:
        """Correct `dist` and `parent`. Returns everybody whose path is another one now.

        `turned` are the people who are banned now and were not, or the other way round; all pairs with them are changed.
        Returns None where so many have lost their path that a whole search is cheaper, and where a path gets too long for
        the first time: then a whole search finds out who is joined at all.
        """
        paths, outward, inward = self.paths, self._web.outward, self._web.inward
        dist, parent, end, root = paths.dist, paths.parent, paths.end, paths.root
        steps = [(a, b) for one, other in changed for a, b in ((one, other), (other, one)) if a != root]
        self._turn(turned)
        lost = self._lost(steps)
        if _CHANGES_PART * len(lost) > len(dist):
            return None
        for person in lost:
            dist[person] = end
        heap: list[Pair] = []
        for person in lost:
            self._try([(person, nearer) for nearer in inward[person]], heap)
        self._try(steps, heap)
        heapify(heap)
        moved = {*lost, *turned, *(person for _, person in heap)}
        most = limits.HOPS_MAX if paths.joined is None else math.inf
        passed = 0
        while heap:
            so_far, here = heappop(heap)
            if so_far != dist[here]:
                continue
            passed += 1
            if passed % STEP_PEOPLE == 0:
                yield
            if hops_of(so_far) >= most:
                return None
            mutual = inward[here]
            for person, step in outward[here].items():
                length = so_far + step
                if length < dist[person] and person in mutual:
                    dist[person] = length
                    parent[person] = here
                    moved.add(person)
                    heappush(heap, (length, person))
        return moved

    def _lost(self, steps: Iterable[Pair]) -> set[int]:
        """Return everybody whose shortest path had a step that is gone or longer than it was."""
        paths, outward = self.paths, self._web.outward
        dist, parent, end, root = paths.dist, paths.parent, paths.end, paths.root
        waiting = []
        for person, nearer in steps:
            if parent[person] == nearer and 0 < dist[person] < end:
                step = self._step(person, nearer)
                if step is None or dist[nearer] < 0 or dist[nearer] + step > dist[person]:
                    waiting.append(person)
        lost: set[int] = set()
        while waiting:
            here = waiting.pop()
            if here not in lost:
                lost.add(here)
                waiting += [person for person in outward[here] if parent[person] == here and 0 < dist[person] < end]
        lost.discard(root)
        return lost

    def _try(self, steps: Iterable[Pair], heap: list[Pair]) -> None:
        """Take each of these steps that makes somebody's path shorter, and put that person into `heap`."""
        dist, parent, end = self.paths.dist, self.paths.parent, self.paths.end
        for person, nearer in steps:
            so_far = dist[nearer]
            if 0 <= so_far < end:
                step = self._step(person, nearer)
                if step is not None and so_far + step < dist[person]:
                    dist[person] = so_far + step
                    parent[person] = nearer
                    heap.append((dist[person], person))

    def _update_end_dist(self, changed: Iterable[Pair], moved: Iterable[int]) -> Steps[set[int]]:
        """Correct `end_dist` and `end_parent`: the same paths, with a last vouch that need not be mutual.

        Returns everybody whose path may be another one now.
        """
        paths, given, received = self.paths, self._web.outward, self._web.inward
        dist, end_dist, end_parent, end = paths.dist, paths.end_dist, paths.end_parent, paths.end
        affected = {person for pair in changed for person in pair}
        for person in moved:
            affected.add(person)
            affected.update(given[person])
        affected.discard(paths.root)
        for number, person in enumerate(affected, 1):
            if number % STEP_PEOPLE == 0:
                yield
            if end_dist[person] < 0:
                continue
            last_steps = (
                (dist[voucher] + step, voucher)
                for voucher, step in received[person].items()
                if 0 <= dist[voucher] < end
            )
            end_dist[person], end_parent[person] = min(last_steps, default=(end, paths.root))
            if end_dist[person] >= end:
                end_dist[person], end_parent[person] = end, paths.root
        return affected


class SearchCache:
    """Keeps the searches of the last roots asked about, over one web. Call `note` for each change before asking."""

    def __init__(self, given: Adjacency, received: Adjacency, most: int) -> None:
        self._given = given
        self._received = received
        self._most = most
        self._searches: dict[tuple[bool, int, int], tuple[int, IncrementalSearch]] = {}
        self._changed: list[Pair] = []
        self._dropped = 0  # changes before those in `_changed`, which every search here has seen

    def note(self, one: int, other: int) -> None:
        """Take notice that a vouch between these two came, went, or has another weight."""
        if self._searches:
            self._changed.append((one, other))
            if _CHANGES_PART * len(self._changed) > 2 * len(self._given) + _CHANGES_KEPT:
                self._drop_changes()

    def note_blocks(self, person: int) -> None:
        """Take notice that somebody blocks others than before, or has the number that another person had."""
        self.note(person, person)

    def _drop_changes(self) -> None:
        """Forget the older half of all changes, and the searches that have not seen it: a whole search is cheaper by now."""
        half = self._dropped + (len(self._changed) + 1) // 2
        self._searches = {key: kept for key, kept in self._searches.items() if kept[0] >= half}
        del self._changed[: half - self._dropped]
        self._dropped = half

    def forget(self, root: int) -> None:
        """Forget the searches of `root`, whose number may soon be another person's."""
        for key in [key for key in self._searches if key[1] == root]:
            del self._searches[key]

    def copied_to(self, given: Adjacency, received: Adjacency, root: int | None) -> SearchCache:
        """Return a cache for this copy of the web, with the searches of `root`; None: with those of everybody."""
        copy = SearchCache(given, received, self._most)
        copy._changed, copy._dropped = self._changed.copy(), self._dropped
        for key, (seen, search) in self._searches.items():
            towards, at, _ = key
            if root is None or at == root:
                copy._searches[key] = seen, search.copied_to(Web.of(at, given, received, towards=towards))
        return copy

    def paths(self, web: Web, end: int, banned: frozenset[int]) -> ShortestPaths:
        """Return what `web.search` would; the answer is valid until the next change."""
        return self.search(web, end, banned).paths

    def search(self, web: Web, end: int, banned: frozenset[int]) -> IncrementalSearch:
        """Return the search of this root as it is now; likewise."""
        return complete(self.searching(web, end, banned))

    def searching(self, web: Web, end: int, banned: frozenset[int]) -> Steps[IncrementalSearch]:
        """Return the same in steps, between which the web must stay as it is and nothing else be asked here.

        Where not all steps are taken, the search is forgotten, as far as it had come.
        """
        key = (web.towards, web.root, end)
        kept = self._searches.pop(key, None)
        now = self._dropped + len(self._changed)
        if kept is None:
            search = IncrementalSearch(web, (yield from web.searching(end, banned)), banned)
        else:
            seen, search = kept
            yield from search.updating(dict.fromkeys(self._changed[seen - self._dropped :]).keys(), banned)
        self._searches[key] = (now, search)
        if len(self._searches) > self._most:
            del self._searches[next(iter(self._searches))]
        return search
