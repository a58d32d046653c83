"""A search for best ways, remembered and mended where vouches changed (protocol/README.md, "Trust").

A search answers for everybody at once and costs what the whole web costs; one changed vouch moves the ways of few.
Whoever stood on a way that is gone or longer now is searched for anew, from those who kept theirs; whoever can do
better is improved; everybody else is not looked at. The outcome is that of a fresh search, to the last bit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from heapq import heapify, heappop, heappush

from protocol.limits import HOPS_MAX
from protocol.trust.paths import Links, Tree, hops_of, ways_from, ways_to

_CHANGES_PART = 4  # more changed pairs than this part of the people, and a fresh search is cheaper

Pair = tuple[int, int]


class Remembered:
    """One root's search over a web that goes on changing."""

    def __init__(self, root: int, given: Links, received: Links, end: int, banned: frozenset[int], *, towards: bool):
        self._given = given
        self._received = received
        self._banned = banned
        self._towards = towards
        self._near, self._far = (given, received) if towards else (received, given)
        self.tree = self._fresh(root, end)

    def _fresh(self, root: int, end: int) -> Tree:
        if self._towards:
            return ways_to(root, self._given, self._received, end, self._banned)
        return ways_from(root, self._given, end, self._banned)

    def follow(self, changed: Collection[Pair], banned: frozenset[int]) -> Tree:
        """The best ways now; `changed` are the pairs between whom a vouch came, went or weighs otherwise."""
        tree = self.tree
        if banned != self._banned or _CHANGES_PART * len(changed) > len(self._given):
            self._banned = banned
            self.tree = self._fresh(tree.root, tree.end)
        elif changed:
            self._grow()
            moved = self._mend(changed)
            if moved is None:
                self.tree = self._fresh(tree.root, tree.end)
            elif not self._towards:
                self._mend_last_steps(changed, moved)
        return self.tree

    def _grow(self) -> None:
        """Give room to people who were not there at the last search."""
        tree = self.tree
        new = len(self._given) - len(tree.run)
        tree.run.extend([tree.end] * new)
        tree.before.extend([tree.root] * new)
        if not self._towards:
            tree.best.extend([tree.end] * new)
            tree.last.extend([tree.root] * new)

    def _step(self, person: int, nearer: int) -> int | None:
        """How far it is between the two, if trust runs on there; `nearer` stands on the root's side."""
        step = self._near[person].get(nearer)
        if step is None:
            return None
        ends_there = self._towards and nearer == self.tree.root
        return step if ends_there or nearer in self._far[person] else None

    def _mend(self, changed: Iterable[Pair]) -> set[int] | None:
        """Put `run` and `before` right. Returns whose way is another now; None where only a fresh search can tell."""
        tree, far, near = self.tree, self._far, self._near
        run, before, end, root = tree.run, tree.before, tree.end, tree.root
        steps = [(a, b) for one, other in changed for a, b in ((one, other), (other, one)) if a != root]
        lost = self._lost(steps)
        for person in lost:
            run[person] = end
        heap: list[Pair] = []
        for person in lost:
            self._try([(person, nearer) for nearer in near[person]], heap)
        self._try(steps, heap)
        heapify(heap)
        moved = lost | {person for _, person in heap}
        while heap:
            so_far, here = heappop(heap)
            if so_far != run[here]:
                continue
            if hops_of(so_far) >= HOPS_MAX:
                if here not in lost:
                    return None  # whoever went on from here may not any more
                continue
            onward = near[here]
            for person, step in far[here].items():
                length = so_far + step
                if length < run[person] and person in onward:
                    run[person] = length
                    before[person] = here
                    moved.add(person)
                    heappush(heap, (length, person))
        return moved

    def _lost(self, steps: Iterable[Pair]) -> set[int]:
        """Everybody whose best way led over a step that is gone or longer than it was."""
        tree, far = self.tree, self._far
        run, before, end, root = tree.run, tree.before, tree.end, tree.root
        waiting = []
        for person, nearer in steps:
            if before[person] == nearer and 0 < run[person] < end:
                step = self._step(person, nearer)
                if step is None or run[nearer] + step > run[person]:
                    waiting.append(person)
        lost: set[int] = set()
        while waiting:
            here = waiting.pop()
            if here not in lost:
                lost.add(here)
                waiting += [person for person in far[here] if before[person] == here and 0 < run[person] < end]
        lost.discard(root)
        return lost

    def _try(self, steps: Iterable[Pair], heap: list[Pair]) -> None:
        """Take each of these steps that makes somebody's way shorter, and note him in `heap`."""
        run, before, end = self.tree.run, self.tree.before, self.tree.end
        for person, nearer in steps:
            so_far = run[nearer]
            if 0 <= so_far < end and hops_of(so_far) < HOPS_MAX:
                step = self._step(person, nearer)
                if step is not None and so_far + step < run[person]:
                    run[person] = so_far + step
                    before[person] = nearer
                    heap.append((run[person], person))

    def _mend_last_steps(self, changed: Iterable[Pair], moved: Iterable[int]) -> None:
        """Put `best` and `last` right: the same ways, ending with a vouch that need not be answered."""
        tree, given, received = self.tree, self._given, self._received
        run, best, last, end = tree.run, tree.best, tree.last, tree.end
        affected = {person for pair in changed for person in pair}
        for person in moved:
            affected.add(person)
            affected.update(given[person])
        affected.discard(tree.root)
        for person in affected:
            if best[person] < 0:
                continue
            ways = (
                (run[voucher] + step, voucher)
                for voucher, step in received[person].items()
                if 0 <= run[voucher] < end and hops_of(run[voucher]) < HOPS_MAX
            )
            best[person], last[person] = min(ways, default=(end, tree.root))
            if best[person] >= end:
                best[person], last[person] = end, tree.root


class Memory:
    """The searches of the last roots asked about, over one web. `note` what changes, then ask."""

    def __init__(self, given: Links, received: Links, most: int) -> None:
        self._given = given
        self._received = received
        self._most = most
        self._searches: dict[tuple[bool, int, int], tuple[int, Remembered]] = {}
        self._changed: list[Pair] = []
        self._before = 0  # changes that nobody remembered needs any more

    def note(self, one: int, other: int) -> None:
        """A vouch between these two came, went, or weighs otherwise now."""
        if self._searches:
            self._changed.append((one, other))
            if _CHANGES_PART * len(self._changed) > 2 * len(self._given) + 64:
                self._forget_changes()

    def _forget_changes(self) -> None:
        """Whoever has not followed for so long is searched for anew."""
        now = self._before + len(self._changed)
        self._searches = {key: kept for key, kept in self._searches.items() if kept[0] == now}
        self._changed.clear()
        self._before = now

    def forget(self, root: int) -> None:
        """The number `root` may soon be somebody else's."""
        for key in [key for key in self._searches if key[1] == root]:
            del self._searches[key]

    def ways(self, root: int, end: int, banned: frozenset[int], *, towards: bool) -> Tree:
        """As `paths.ways_to` or `ways_from`; the tree is good until the next change."""
        key = (towards, root, end)
        kept = self._searches.pop(key, None)
        now = self._before + len(self._changed)
        if kept is None:
            search = Remembered(root, self._given, self._received, end, banned, towards=towards)
            tree = search.tree
        else:
            seen, search = kept
            tree = search.follow(dict.fromkeys(self._changed[seen - self._before :]).keys(), banned)
        self._searches[key] = (now, search)
        if len(self._searches) > self._most:
            del self._searches[next(iter(self._searches))]
        return tree
