"""The trust graph: everybody's effective policy, and what follows from them (protocol/README.md, "Trust").

- reach is trust(author -> viewer), regard is trust(viewer -> author): the best way over answered vouches, the last of
  which need not be answered. A direct vouch is the answer for its subject, better ways or not.
- No way leads through anybody whom one of its ends blocks or who blocks one of them; two at odds have no trust.

One search answers for all authors at once; it is remembered, and mended where vouches change. It leaves out who is at
odds with the viewer, whom all its ways share. Who is at odds with an author differs from author to author and is tested
on his winning way alone; only on a hit is there a second search, for that author, led by the lengths of the first (A*),
so it looks at few people. It stays exact: leaving people out only makes ways longer, so a winning way that is clean is
the best of the clean ones. Made-up people could ask for any number of second searches; what they may cost is metered by
who introduces them, and beyond that there is no trust.

People are small integers inside, given back when nobody speaks of them any more. Costs do not depend on the order in
which policies came; where ways tie, the smaller key decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING

from protocol.errors import LocalError
from protocol.limits import DETOUR_STEPS, SEARCHES_REMEMBERED, WEIGHT_MAX
from protocol.trust import paths
from protocol.trust.incremental_paths import Memory
from protocol.trust.policies import block_tag
from protocol.trust.weights import WEB, TrustPath, limit

if TYPE_CHECKING:
    from protocol.keys import PersonId
    from protocol.trust.policies import EffectivePolicy

_ENDLESS = 1 << 128  # longer than any way
_FEW = 8  # more people than this whose ways are crossed at one place are worth a second search for all of them
_NOBODY: Mapping[PersonId, int] = MappingProxyType({})


class TrustGraph:
    """The effective policies of everybody whose policy is in use. Not safe for use by several threads."""

    def __init__(self) -> None:
        self._version = 0
        self._policies: dict[PersonId, EffectivePolicy] = {}
        self._number: dict[PersonId, int] = {}
        self._person: list[PersonId] = []
        self._free: list[int] = []
        self._given: paths.Links = []
        self._received: paths.Links = []
        self._searches = Memory(self._given, self._received, SEARCHES_REMEMBERED)
        self._tags: dict[int, frozenset[bytes]] = {}  # the block tags of those who block anybody
        self._meshes: dict[int, frozenset[PersonId]] = {}  # as far as asked for since vouches were answered otherwise

    @property
    def version(self) -> int:
        """Grows with every change: what was computed under one version holds as long as it stays."""
        return self._version

    # --- Policies ----------------------------------------------------------------------------------------------------

    def set(self, person: PersonId, policy: EffectivePolicy | None) -> None:
        """Put the person's policy in use, or take it out of use. What it says of the person himself counts for nothing."""
        if self._policies.get(person) == policy:
            return
        if policy is not None and any(not 1 <= weight <= WEIGHT_MAX for weight in policy.vouches.values()):
            raise LocalError(f"a vouch in effect weighs 1 to {WEIGHT_MAX} per mille")
        self._version += 1
        at = self._number_of(person)
        if policy is None:
            del self._policies[person]
        else:
            self._policies[person] = policy
        tags = policy.block_tags - {block_tag(person, person)} if policy is not None else None
        if tags:
            self._tags[at] = tags
        else:
            self._tags.pop(at, None)
        self._give(at, _NOBODY if policy is None else policy.vouches)
        self._forget_unless_known(at)

    def supposing(self, person: PersonId, policy: EffectivePolicy) -> TrustGraph:
        """A graph as this one would be with that policy in use; this one stays as it is, and neither follows the other."""
        supposed = TrustGraph()
        supposed._policies.update(self._policies)
        supposed._number.update(self._number)
        supposed._person.extend(self._person)
        supposed._free.extend(self._free)
        supposed._given.extend(dict(links) for links in self._given)
        supposed._received.extend(dict(links) for links in self._received)
        supposed._tags.update(self._tags)
        supposed.set(person, policy)
        return supposed

    def _give(self, at: int, vouches: Mapping[PersonId, int]) -> None:
        """Replace all vouches that the person `at` gives."""
        mine = self._given[at]
        wanted = {self._number_of(subject): paths.LENGTH[weight] for subject, weight in vouches.items()}
        wanted.pop(at, None)
        for subject in [subject for subject in mine if subject not in wanted]:
            del mine[subject], self._received[subject][at]
            self._searches.note(at, subject)
            if at in self._given[subject]:
                self._meshes.clear()
            self._forget_unless_known(subject)
        for subject, length in wanted.items():
            if subject not in mine and at in self._given[subject]:
                self._meshes.clear()
            if mine.get(subject) != length:
                mine[subject] = self._received[subject][at] = length
                self._searches.note(at, subject)

    def _number_of(self, person: PersonId) -> int:
        number = self._number.get(person)
        if number is None:
            if self._free:
                number = self._free.pop()
                self._person[number] = person
            else:
                number = len(self._person)
                self._person.append(person)
                self._given.append({})
                self._received.append({})
            self._number[person] = number
        return number

    def _forget_unless_known(self, at: int) -> None:
        """Give back the number of who has no policy and is nobody's subject, so that made-up subjects do not pile up."""
        person = self._person[at]
        if person not in self._policies and not self._received[at]:
            del self._number[person]
            self._meshes.pop(at, None)
            self._searches.forget(at)
            self._free.append(at)

    def policy(self, person: PersonId) -> EffectivePolicy | None:
        """The person's policy, if it is in use."""
        return self._policies.get(person)

    def vouched_by(self, person: PersonId) -> Mapping[PersonId, int]:
        """Whom the person vouches for, with weights."""
        policy = self._policies.get(person)
        return _NOBODY if policy is None else policy.vouches

    def vouchers_of(self, person: PersonId) -> list[PersonId]:
        """Who vouches for the person, in the order of their keys."""
        at = self._number.get(person)
        return [] if at is None else sorted(self._person[voucher] for voucher in self._received[at])

    def weight(self, a: PersonId, b: PersonId) -> int:
        """What `a` says of `b`, in per mille; 0 for no vouch."""
        return 0 if a == b else self.vouched_by(a).get(b, 0)

    def answered(self, a: PersonId, b: PersonId) -> bool:
        """Whether `a` vouches for `b` and `b` for `a`."""
        return self.weight(a, b) > 0 and self.weight(b, a) > 0

    def blocks(self, a: PersonId, b: PersonId) -> bool:
        """Whether `a` blocks `b`."""
        policy = self._policies.get(a)
        return policy is not None and bool(policy.block_tags) and a != b and block_tag(a, b) in policy.block_tags

    def at_odds(self, a: PersonId, b: PersonId) -> bool:
        """Whether either blocks the other."""
        return self.blocks(a, b) or self.blocks(b, a)

    # --- Mesh --------------------------------------------------------------------------------------------------------

    def mesh(self, person: PersonId) -> frozenset[PersonId]:
        """Everybody joined to the person by a chain of answered vouches, himself included."""
        at = self._number.get(person)
        if at is None:
            return frozenset((person,))
        if at not in self._meshes:
            members = self._joined_to(at)
            mesh = frozenset(self._person[member] for member in members)
            self._meshes.update(dict.fromkeys(members, mesh))
        return self._meshes[at]

    def same_mesh(self, a: PersonId, b: PersonId) -> bool:
        """Whether a chain of answered vouches joins the two."""
        return b in self.mesh(a)

    def _joined_to(self, at: int) -> Collection[int]:
        members, waiting = {at}, [at]
        while waiting:
            here = waiting.pop()
            for person in self._given[here]:
                if person not in members and here in self._given[person]:
                    members.add(person)
                    waiting.append(person)
        return members

    # --- Trust -------------------------------------------------------------------------------------------------------

    def reach_to(self, viewer: PersonId, floor: int = WEB) -> dict[PersonId, int]:
        """The cost of trust(author -> viewer) for every author of whom it is at least `floor` per mille, in any order."""
        at = self._number.get(viewer)
        if at is None:
            return {}
        end = paths.beyond(limit(floor))
        apart = frozenset(self._at_odds_with(at))
        lengths = self._search(
            self._searches.ways(at, end, apart, towards=True),
            apart,
            self._received[at],
            lambda banned: paths.ways_to(at, self._given, self._received, end, banned),
            lambda _author: self._steps_on(at),
        )
        return {person: paths.cost_of(length) for person, length in lengths.items()}

    def regard_from(self, viewer: PersonId, floor: int = WEB) -> dict[PersonId, int]:
        """The cost of trust(viewer -> author) for every author of whom it is at least `floor` per mille, in any order."""
        return {person: cost for person, (cost, _) in self.regard_and_hops_from(viewer, floor).items()}

    def regard_and_hops_from(self, viewer: PersonId, floor: int = WEB) -> dict[PersonId, tuple[int, int]]:
        """As `regard_from`, with the number of vouches on the best way."""
        at = self._number.get(viewer)
        if at is None:
            return {}
        end = paths.beyond(limit(floor))
        apart = frozenset(self._at_odds_with(at))
        lengths = self._search(
            self._searches.ways(at, end, apart, towards=False),
            apart,
            self._given[at],
            lambda banned: paths.ways_from(at, self._given, end, banned),
            self._steps_back,
        )
        return {person: (paths.cost_of(length), paths.hops_of(length)) for person, length in lengths.items()}

    def trust(self, a: PersonId, b: PersonId) -> TrustPath | None:
        """How far `a` trusts `b`, however little; None for no trust, for two at odds, and from anybody to himself.

        Of several best ways the one with fewer hops, then with the smaller keys from `a` on.
        """
        start, goal = self._number.get(a), self._number.get(b)
        if start is None or goal is None or start == goal or self.at_odds(a, b):
            return None
        if goal in self._given[start]:
            return self._path([start, goal])

        def banned(at: int) -> bool:
            return self._odds(at, start) or self._odds(at, goal)

        far = paths.shortest(
            goal,
            start,
            self._steps_back(goal),
            _ENDLESS,
            at_least=lambda _: 0,
            banned=banned,
            purse=paths.Purse(math.inf),
        )
        return None if far is None else self._path(self._way_down(start, goal, far))

    def _way_down(self, start: int, goal: int, far: dict[int, int]) -> list[int]:
        """The people of the best way, given how far from the goal everybody on the best ways is."""
        way = [start]
        steps = self._steps_on(goal)
        while way[-1] != goal:
            here = far[way[-1]]
            onward = (person for person, step in steps(way[-1]) if person in far and far[person] + step == here)
            way.append(min(onward, key=self._person.__getitem__))
        return way

    def _path(self, way: list[int]) -> TrustPath:
        people = tuple(self._person[at] for at in way)
        weights = tuple(self._policies[a].vouches[b] for a, b in pairwise(people))
        length = sum(paths.LENGTH[weight] for weight in weights)
        return TrustPath(paths.cost_of(length), people, weights)

    def _search(
        self,
        first: paths.Tree,
        apart: frozenset[int],
        direct: Mapping[int, int],
        search: Callable[[frozenset[int]], paths.Tree],
        steps_for: Callable[[int], paths.Steps],
    ) -> dict[PersonId, int]:
        """The lengths of all best ways of a viewer, with direct vouches as said and no way through anybody at odds.

        `first` are his best ways around those who are `apart` from him; `search` finds them around others as well.
        """
        end, lengths = first.end, first.found()
        purses: dict[int, paths.Purse] = {}
        waiting = [(first, apart, [person for person in lengths if person not in direct] if self._tags else [])]
        while waiting:
            tree, banned, people = waiting.pop()
            for crossing, crossed in self._crossed(tree, people).items():
                edges = sum(len(links) for links in self._received)
                purse = purses.setdefault(tree.introducer(crossed[0]), paths.Purse(max(DETOUR_STEPS, 2 * edges)))
                if len(crossed) <= _FEW:
                    ways = {person: self._detour(tree, person, steps_for(person), end, purse) for person in crossed}
                elif purse.spend(edges):
                    again = search(banned | crossing)
                    ways = {person: again.best[person] for person in crossed}
                    waiting.append((again, banned | crossing, [person for person in crossed if ways[person] < end]))
                else:
                    ways = dict.fromkeys(crossed, end)
                lengths.update(ways)
        lengths.update({person: length for person, length in direct.items() if person not in apart})
        return {self._person[person]: length for person, length in lengths.items() if length < end}

    def _crossed(self, tree: paths.Tree, people: list[int]) -> dict[frozenset[int], list[int]]:
        """Those of `people` whose winning way leads through somebody at odds with them, by who that is."""
        crossed: dict[frozenset[int], list[int]] = {}
        blockers = self._tags
        if not people:
            return crossed
        nearest = {tree.root: tree.root}  # the first blocker from each person, himself included, to the root
        for person in tree.order():
            nearest[person] = person if person in blockers else nearest[tree.before[person]]

        def blocking(person: int) -> Iterator[int]:
            at = nearest[tree.last[person]]
            while at != tree.root:
                yield at
                at = nearest[tree.before[at]]

        for person in people:
            asked = tree.between(person) if person in blockers else blocking(person)
            crossing = [at for at in asked if self._odds(at, person)]
            if crossing:
                crossed.setdefault(frozenset(crossing), []).append(person)
        return crossed

    def _detour(self, tree: paths.Tree, person: int, steps: paths.Steps, end: int, purse: paths.Purse) -> int:
        """The length of the best way between the person and the root around everybody at odds with either; or `end`."""
        if purse.left <= 0:
            return end

        def banned(at: int) -> bool:
            return tree.run[at] < 0 or self._odds(at, person)

        far = paths.shortest(person, tree.root, steps, end, at_least=tree.run.__getitem__, banned=banned, purse=purse)
        return end if far is None else far[tree.root]

    def _at_odds_with(self, at: int) -> list[int]:
        others = self._number.values() if at in self._tags else self._tags
        return [other for other in others if self._odds(at, other)]

    def _odds(self, a: int, b: int) -> bool:
        """`at_odds`, fast for the many who block nobody."""
        tags = self._tags.get(a)
        if tags is not None and block_tag(self._person[a], self._person[b]) in tags:
            return True
        tags = self._tags.get(b)
        return tags is not None and block_tag(self._person[b], self._person[a]) in tags

    def _steps_on(self, goal: int) -> paths.Steps:
        """Steps towards `goal`: over answered vouches, and over any vouch for the goal itself."""
        given = self._given

        def steps(here: int) -> list[tuple[int, int]]:
            return [(person, step) for person, step in given[here].items() if person == goal or here in given[person]]

        return steps

    def _steps_back(self, start: int) -> paths.Steps:
        """Steps against the direction of vouches: over any vouch for `start`, then over answered ones."""
        given, received = self._given, self._received

        def steps(here: int) -> list[tuple[int, int]]:
            mine = given[here]
            return [(person, step) for person, step in received[here].items() if here == start or person in mine]

        return steps
