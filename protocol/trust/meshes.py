"""Follows which people chains of mutual vouches join, without looking at everybody after each change.

All who are joined by such chains are one mesh. A vouch that comes or goes seldom joins two meshes or parts one, so only
the pairs that have changed are looked at. Where a pair vouches for each other now, their meshes become one. Where a pair no
longer does, a search from both ends finds out whether another chain joins them: it mostly meets at once, or comes to an end
around somebody who has lost all others. Where such searches take longer than looking at everybody, everybody is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from protocol.trust.paths import Adjacency

if TYPE_CHECKING:
    from protocol.keys import PersonId

_CHANGES_KEPT = 4096  # pairs that are noted until somebody asks: with more of them a whole search is cheaper
_WORK_LEAST = 1000  # vouches that the searches of one call may look at in any web, however small


class _Search:
    """Looks for those who are joined to one person, a step at a time."""

    def __init__(self, begun: int) -> None:
        self.found = {begun}
        self.waiting = [begun]
        self.met = False

    @property
    def ended(self) -> bool:
        """Whether it has found everybody, or met the other search."""
        return self.met or not self.waiting

    def step(self, given: Adjacency, opposite: _Search) -> int:
        """Look at those joined to one person who was found; return how many vouches that were."""
        here = self.waiting.pop()
        for person in given[here]:
            if person not in self.found and here in given[person]:
                self.met = self.met or person in opposite.found
                self.found.add(person)
                self.waiting.append(person)
        return 1 + len(given[here])

    def join(self, other: _Search) -> None:
        """Go on with what another search has found that has met this one."""
        self.found |= other.found
        self.waiting += other.waiting
        self.met = False


class Meshes:
    """The meshes of a web that were asked for, kept up to date. Call `note` and `forget` for each change before asking.

    `given` are the vouches, and `person` the people by their numbers; both belong to the caller and change with the web.
    """

    def __init__(self, given: Adjacency, person: list[PersonId]) -> None:
        self._given = given
        self._person = person
        self._label: dict[int, int] = {}  # of everybody whose mesh is known, the number of that mesh
        self._members: dict[int, set[int]] = {}  # by the number of the mesh
        self._people: dict[int, frozenset[PersonId]] = {}  # likewise, of those that were asked for since they changed
        self._last = 0
        self._changed: list[tuple[int, int]] = []

    def copied_to(self, given: Adjacency, person: list[PersonId]) -> Meshes:
        """Return a copy for `given`, which is a copy of the web of this one, and for the same people by number."""
        copy = Meshes(given, person)
        copy._label, copy._last, copy._changed = self._label.copy(), self._last, self._changed.copy()
        copy._members = {label: members.copy() for label, members in self._members.items()}
        copy._people = self._people.copy()
        return copy

    def note(self, one: int, other: int) -> None:
        """Take notice that these two vouch for each other since now, or no longer do."""
        if self._label:
            self._changed.append((one, other))
            if len(self._changed) > _CHANGES_KEPT:
                self._clear()

    def forget(self, at: int) -> None:
        """Forget somebody whom nobody vouches for, whose number may soon be another person's."""
        if at in self._label:
            self._follow()
            self._take_out({at} & self._label.keys())

    def of(self, at: int) -> frozenset[PersonId]:
        """Return everybody in the mesh of the person `at`, that person included. The same object, while it is the same mesh."""
        self._follow()
        label = self._label.get(at)
        if label is None:
            label = self._put_in(self._unknown_around(at)[0])
        found = self._people.get(label)
        if found is None:
            person = self._person
            found = self._people[label] = frozenset([person[member] for member in self._members[label]])
        return found

    def _clear(self) -> None:
        self._changed.clear()
        self._label.clear()
        self._members.clear()
        self._people.clear()

    def _follow(self) -> None:
        """Join and part the meshes that are known, by what has changed."""
        if not self._changed:
            return
        changed, self._changed = dict.fromkeys(self._changed), []
        for one, other in changed:
            if self._mutual(one, other):
                self._join(one, other)
        ends: dict[int, dict[int, None]] = {}  # by their mesh, those who have lost a vouch of somebody
        for pair in changed:
            if not self._mutual(*pair):
                for person in pair:
                    if person in self._label:
                        ends.setdefault(self._label[person], {})[person] = None
        left = max(_WORK_LEAST, sum(map(len, self._given)) // 2)
        for found in ends.values():
            left = self._part(found, left)
            if left < 0:
                self._clear()
                return

    def _mutual(self, one: int, other: int) -> bool:
        return other in self._given[one] and one in self._given[other]

    def _join(self, one: int, other: int) -> None:
        """Make one mesh of those of two who vouch for each other now, unless neither is known."""
        if one not in self._label and other not in self._label:
            return
        for person in (one, other):
            if person not in self._label:
                new, touched = self._unknown_around(person)
                label = self._put_in(new)
                for neighbor in touched:
                    label = self._unite(label, self._label[neighbor])
        self._unite(self._label[one], self._label[other])

    def _unite(self, one: int, other: int) -> int:
        """Make one mesh of two, and return its number."""
        if one == other:
            return one
        smaller, larger = sorted((one, other), key=lambda label: len(self._members[label]))
        members = self._members.pop(smaller)
        self._members[larger] |= members
        self._label.update(dict.fromkeys(members, larger))
        self._people.pop(smaller, None)
        self._people.pop(larger, None)
        return larger

    def _part(self, ends: Iterable[int], left: int) -> int:
        """Part a mesh in which these people have lost a vouch for each other, as far as nothing else joins them.

        Whatever is parted from it has one of them. Returns how many more vouches may be looked at: `left`, less those that
        were; below 0 if not all was found out.
        """
        first, *others = ends
        label, pivot = self._label[first], _Search(first)
        for end in others:
            if self._label[end] != label or end in pivot.found:
                continue
            search = _Search(end)
            sides = (search, pivot), (pivot, search)
            while not any(one.ended for one, _ in sides):
                if left < 0:
                    return left
                left -= sum(one.step(self._given, opposite) for one, opposite in sides if not one.ended)
            if search.met or pivot.met:
                pivot.join(search)
                continue
            whole = search if not search.waiting else pivot
            self._take_out(whole.found)
            self._put_in(whole.found)
            pivot = pivot if whole is search else search
        return left

    def _unknown_around(self, at: int) -> tuple[set[int], set[int]]:
        """Return those joined to `at` whose mesh is not known, and those with a known mesh who are joined to one of them."""
        given, known = self._given, self._label
        members, waiting, touched = {at}, [at], set()
        while waiting:
            here = waiting.pop()
            for person in given[here]:
                if person not in members and here in given[person]:
                    if person in known:
                        touched.add(person)
                    else:
                        members.add(person)
                        waiting.append(person)
        return members, touched

    def _put_in(self, members: set[int]) -> int:
        """Make a mesh of these people, who are in none that is known; return its number."""
        self._last += 1
        self._members[self._last] = members
        self._label.update(dict.fromkeys(members, self._last))
        return self._last

    def _take_out(self, people: Iterable[int]) -> None:
        """Take these people out of their meshes."""
        for person in people:
            label = self._label.pop(person)
            members = self._members[label]
            members.discard(person)
            self._people.pop(label, None)
            if not members:
                del self._members[label]
