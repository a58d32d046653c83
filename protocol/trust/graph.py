"""Holds everybody's effective policy and computes the trust that follows from them (protocol/README.md, "Trust").

- Reach is trust(author -> viewer), and regard is trust(viewer -> author): the best path over mutual vouches, the last
  of which need not be mutual. A direct vouch is the answer for its subject, whether or not there is a better path.
- No path leads through anybody who is blocked either way with one of its ends. Two people blocked either way have no
  trust.
- No path has more than `limits.HOPS_MAX` vouches. So trust is the same from whichever end one searches for it.

One search answers for all authors at once. It is kept and updated when vouches change (incremental_paths.py). Where a
path that it found is not allowed for its author, a second search follows (detours.py).

People are small integers inside. A number becomes free when no policy mentions its person any longer. Costs do not
depend on the order in which policies came; among paths of equal length the smaller keys decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, KeysView, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING

from protocol import limits
from protocol.errors import LocalError
from protocol.steps import Steps, complete
from protocol.trust import paths
from protocol.trust.bounded_paths import a_star_bounded, bounded_search
from protocol.trust.detours import Detours, allowance, trial
from protocol.trust.incremental_paths import SearchCache
from protocol.trust.meshes import Meshes
from protocol.trust.paths import Web
from protocol.trust.policies import block_tag, compute_block_tag
from protocol.trust.weights import WEB, TrustPath, limit

if TYPE_CHECKING:
    from protocol.keys import PersonId
    from protocol.trust.policies import EffectivePolicy

_ENDLESS = 1 << 128  # longer than any path
_NOBODY: Mapping[PersonId, int] = MappingProxyType({})


class TrustGraph:
    """Holds the effective policies of all people whose policy is in use. Not safe for use by several threads."""

    def __init__(self) -> None:
        self._version = 0
        self._policies: dict[PersonId, EffectivePolicy] = {}
        self._number: dict[PersonId, int] = {}
        self._person: list[PersonId] = []
        self._free: list[int] = []
        self._given: paths.Adjacency = []
        self._received: paths.Adjacency = []
        self._shared_given: set[int] = set()  # by number, the vouches that a copy of this graph has too
        self._shared_received: set[int] = set()
        self._searches = SearchCache(self._given, self._received, limits.SEARCHES_REMEMBERED)
        self._tags: dict[int, frozenset[bytes]] = {}  # the block tags of those who block anybody
        self._blocked_with: dict[int, frozenset[int]] = {}  # of those asked for lately
        self._meshes = Meshes(self._given, self._person)

    @property
    def version(self) -> int:
        """Return a number that grows with every change: what was computed under one version is valid until the next."""
        return self._version

    # --- Policies ----------------------------------------------------------------------------------------------------

    def set(self, person: PersonId, policy: EffectivePolicy | None) -> None:
        """Put the person's policy in use, or take it out of use. What people say of themselves counts for nothing.

        Raises LocalError for a weight out of range, and changes nothing then.
        """
        if self._policies.get(person) == policy:
            return
        if policy is not None and any(not 1 <= weight <= limits.WEIGHT_MAX for weight in policy.vouches.values()):
            raise LocalError(f"a vouch in effect weighs 1 to {limits.WEIGHT_MAX} per mille")
        self._version += 1
        at = self._number_of(person)
        if policy is None:
            del self._policies[person]
        else:
            self._policies[person] = policy
        tags = (policy.block_tags - {block_tag(person, person)} if policy is not None else None) or None
        changed = tags != self._tags.get(at)
        if tags:
            self._tags[at] = tags
        else:
            self._tags.pop(at, None)
        if changed:
            self._blocked_with.pop(at, None)
            self._compare_again(at)
        self._give(at, _NOBODY if policy is None else policy.vouches)
        self._forget_unless_known(at)

    def with_policy(self, person: PersonId, policy: EffectivePolicy) -> TrustGraph:
        """Return a copy of this graph with that policy in use. Later changes of one do not change the other.

        The two share what neither changes, and the copy goes on with the searches of the person.
        """
        copy = self._copy(self._number.get(person, -1))
        copy.set(person, policy)
        return copy

    def copy(self) -> TrustGraph:
        """Return a copy of this graph, likewise, which goes on with the searches of everybody."""
        return self._copy(None)

    def _copy(self, root: int | None) -> TrustGraph:
        """Return a copy with the searches of `root`; None: with all of them."""
        copy = TrustGraph()
        copy._policies.update(self._policies)
        copy._number.update(self._number)
        copy._person.extend(self._person)
        copy._free.extend(self._free)
        copy._given.extend(self._given)
        copy._received.extend(self._received)
        everybody = range(len(self._given))
        self._shared_given, self._shared_received = set(everybody), set(everybody)
        copy._shared_given, copy._shared_received = set(everybody), set(everybody)
        copy._tags.update(self._tags)
        copy._meshes = self._meshes.copied_to(copy._given, copy._person)
        copy._searches = self._searches.copied_to(copy._given, copy._received, root)
        return copy

    def _given_by(self, at: int) -> dict[int, int]:
        """Return the vouches given by the person `at`, to be changed: no copy of the graph has them any longer."""
        if at in self._shared_given:
            self._shared_given.discard(at)
            self._given[at] = self._given[at].copy()
        return self._given[at]

    def _received_by(self, at: int) -> dict[int, int]:
        """Return the vouches received by the person `at`, likewise."""
        if at in self._shared_received:
            self._shared_received.discard(at)
            self._received[at] = self._received[at].copy()
        return self._received[at]

    def _give(self, at: int, vouches: Mapping[PersonId, int]) -> None:
        """Replace all vouches given by the person `at`."""
        mine = self._given_by(at)
        wanted = {self._number_of(subject): paths.LENGTH[weight] for subject, weight in vouches.items()}
        wanted.pop(at, None)
        for subject in [subject for subject in mine if subject not in wanted]:
            del mine[subject], self._received_by(subject)[at]
            self._searches.note(at, subject)
            if at in self._given[subject]:
                self._meshes.note(at, subject)
            self._forget_unless_known(subject)
        for subject, length in wanted.items():
            if subject not in mine and at in self._given[subject]:
                self._meshes.note(at, subject)
            if mine.get(subject) != length:
                mine[subject] = self._received_by(subject)[at] = length
                self._searches.note(at, subject)

    def _compare_again(self, at: int) -> None:
        """Ask again who is blocked either way with the person `at`, who blocks others now or has just come."""
        for other, found in self._blocked_with.items():
            if self._compared(at, other) is not (at in found):
                self._blocked_with[other] = found ^ {at}
        self._searches.note_blocks(at)

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
            self._blocked_with.pop(number, None)
            self._compare_again(number)
        return number

    def _forget_unless_known(self, at: int) -> None:
        """Free the number of a person without a policy for whom nobody vouches, so that Sybils do not pile up."""
        person = self._person[at]
        if person not in self._policies and not self._received[at]:
            del self._number[person]
            self._meshes.forget(at)
            self._searches.forget(at)
            self._free.append(at)

    def policy(self, person: PersonId) -> EffectivePolicy | None:
        """Return the person's policy, if it is in use."""
        return self._policies.get(person)

    def vouched_by(self, person: PersonId) -> Mapping[PersonId, int]:
        """Return the people for whom the person vouches, with weights."""
        policy = self._policies.get(person)
        return _NOBODY if policy is None else policy.vouches

    def vouchers_of(self, person: PersonId) -> list[PersonId]:
        """Return the people who vouch for the person, in the order of their keys."""
        at = self._number.get(person)
        return [] if at is None else sorted(self._person[voucher] for voucher in self._received[at])

    def weight(self, a: PersonId, b: PersonId) -> int:
        """Return the weight of a's vouch for `b` in per mille; 0 for no vouch."""
        return 0 if a == b else self.vouched_by(a).get(b, 0)

    def mutual(self, a: PersonId, b: PersonId) -> bool:
        """Whether `a` and `b` vouch for each other."""
        return self.weight(a, b) > 0 and self.weight(b, a) > 0

    def blocks(self, a: PersonId, b: PersonId) -> bool:
        """Whether `a` blocks `b`."""
        policy = self._policies.get(a)
        return policy is not None and bool(policy.block_tags) and a != b and block_tag(a, b) in policy.block_tags

    def blocked_either_way(self, a: PersonId, b: PersonId) -> bool:
        """Whether either blocks the other."""
        return self.blocks(a, b) or self.blocks(b, a)

    def all_blocked_either_way(self, person: PersonId) -> frozenset[PersonId]:
        """Return everybody in this graph who is blocked either way with the person."""
        at = self._number.get(person)
        return (
            frozenset() if at is None else frozenset(self._person[other] for other in self._all_blocked_either_way(at))
        )

    def people_with_policies(self) -> KeysView[PersonId]:
        """Return everybody whose policy is in use, as they are now and after later changes."""
        return self._policies.keys()

    # --- Mesh --------------------------------------------------------------------------------------------------------

    def mesh(self, person: PersonId) -> frozenset[PersonId]:
        """Return everybody joined to the person by a chain of mutual vouches, with the person."""
        at = self._number.get(person)
        return frozenset((person,)) if at is None else self._meshes.of(at)

    def same_mesh(self, a: PersonId, b: PersonId) -> bool:
        """Whether a chain of mutual vouches joins the two."""
        return b in self.mesh(a)

    # --- Introducers ---------------------------------------------------------------------------------------------------

    def introducer(self, owner: PersonId, person: PersonId) -> PersonId | None:
        """Return who answers for `person` to `owner`: see "Introducers" in protocol/README.md. None: nobody does.

        It is the first person on the best path from the owner to that person, however little trust the path has. It is
        the person where the owner vouches for them. Nobody answers for people who are blocked either way with the owner.
        """
        if person == owner:
            return owner
        root, at = self._number.get(owner), self._number.get(person)
        if root is None or at is None:
            return None
        first = self._introducing(root)
        if at in self._given[root] and first.end_dist[at] >= 0:
            return person
        return self._person[first.introducer(at)] if 0 < first.end_dist[at] < first.end else None

    def introducers(self, owner: PersonId) -> dict[PersonId, tuple[PersonId, int]]:
        """Return the introducer of everybody who has one, in any order, with the length of the best path to that person.

        Lengths are for comparing who is nearer. It costs one look at everybody and the update of one search.
        """
        root = self._number.get(owner)
        if root is None:
            return {owner: (owner, 0)}
        first = self._introducing(root)
        mine, parent, end_parent = self._given[root], first.parent, first.end_parent
        through: dict[int, int] = {}  # the introducer on the path that can be continued beyond a person
        found = {owner: (owner, 0)}
        for person, length in enumerate(first.end_dist):
            if not 0 < length < first.end:
                continue
            introducer, at = person, end_parent[person]
            if at != root and person not in mine:
                known = through.get(at)
                if known is None:
                    path = [at]
                    while parent[at] != root and parent[at] not in through:
                        at = parent[at]
                        path.append(at)
                    known = through.get(parent[at], at)
                    through.update(dict.fromkeys(path, known))
                introducer = known
            found[self._person[person]] = self._person[introducer], length
        return found

    def _introducing(self, root: int) -> paths.ShortestPaths:
        """Return the best paths from the root to everybody, however little trust they have."""
        web = Web.of(root, self._given, self._received, towards=False)
        return self._searches.paths(web, _ENDLESS, self._all_blocked_either_way(root))

    # --- Trust -------------------------------------------------------------------------------------------------------

    def reach_to(self, viewer: PersonId, floor: int = WEB) -> dict[PersonId, int]:
        """Return the cost of trust(author -> viewer) for every author with at least `floor` per mille, in any order."""
        lengths = complete(self._lengths(viewer, floor, towards=True))
        return {self._person[at]: paths.cost_of(length) for at, length in lengths.items()}

    def regard_from(self, viewer: PersonId, floor: int = WEB) -> dict[PersonId, int]:
        """Return the cost of trust(viewer -> author) for every author with at least `floor` per mille, in any order."""
        lengths = complete(self._lengths(viewer, floor, towards=False))
        return {self._person[at]: paths.cost_of(length) for at, length in lengths.items()}

    def regard_and_hops_from(self, viewer: PersonId, floor: int = WEB) -> dict[PersonId, tuple[int, int]]:
        """Return what `regard_from` does, each cost with the number of vouches on the best path."""
        lengths = complete(self._lengths(viewer, floor, towards=False))
        return {self._person[at]: (paths.cost_of(length), paths.hops_of(length)) for at, length in lengths.items()}

    def reach(self, author: PersonId, viewer: PersonId, floor: int = WEB) -> int | None:
        """Return what `reach_to(viewer, floor)` says of one author, without looking at all the others."""
        return complete(self.finding_reach(author, viewer, floor))

    def regard(self, viewer: PersonId, author: PersonId, floor: int = WEB) -> int | None:
        """Return what `regard_from(viewer, floor)` says of one author, without looking at all the others."""
        return complete(self.finding_regard(viewer, author, floor))

    def finding_reach(self, author: PersonId, viewer: PersonId, floor: int = WEB) -> Steps[int | None]:
        """Return what `reach` does, in steps, between which this graph must not be changed nor asked."""
        return self._cost(viewer, author, floor, towards=True)

    def finding_regard(self, viewer: PersonId, author: PersonId, floor: int = WEB) -> Steps[int | None]:
        """Return what `regard` does, likewise in steps."""
        return self._cost(viewer, author, floor, towards=False)

    def _cost(self, viewer: PersonId, other: PersonId, floor: int, *, towards: bool) -> Steps[int | None]:
        at = self._number.get(other)
        if at is None:
            return None
        length = (yield from self._lengths(viewer, floor, towards=towards, asked=at)).get(at)
        return None if length is None else paths.cost_of(length)

    def _lengths(
        self, viewer: PersonId, floor: int, *, towards: bool, asked: int | None = None
    ) -> Steps[dict[int, int]]:
        """Return the lengths of the best paths between the viewer and everybody, or only the person `asked`."""
        at = self._number.get(viewer)
        if at is None:
            return {}
        end = paths.beyond(limit(floor))
        web = Web.of(at, self._given, self._received, towards=towards)
        banned = self._all_blocked_either_way(at)
        search = yield from self._searches.searching(web, end, banned)
        direct = (self._received if towards else self._given)[at]
        if asked is not None:
            direct = {asked: direct[asked]} if asked in direct else {}
        detours = Detours(web, end, self._tags, self._blocked, self._compared)
        return detours.lengths(search.paths, search.checks, banned, direct, asked)

    def trust(self, a: PersonId, b: PersonId) -> TrustPath | None:
        """Return the path by which `a` trusts `b`, however little.

        Returns None without such a path, for two people blocked either way, and from anybody to themselves. Of several
        best paths it is the one with fewer vouches, then with the smaller keys from `a` on.
        """
        return complete(self.finding_trust(a, b))

    def finding_trust(self, a: PersonId, b: PersonId) -> Steps[TrustPath | None]:
        """Return what `trust` does, in steps, between which this graph must not be changed."""
        start, goal = self._number.get(a), self._number.get(b)
        if start is None or goal is None or start == goal or self.blocked_either_way(a, b):
            return None
        if goal in self._given[start]:
            return self._path([start, goal])
        lengths = yield from self._lengths_between(start, goal)
        return None if lengths is None else self._path(self._best_path(start, goal, lengths))

    def _lengths_between(self, start: int, goal: int) -> Steps[dict[int, list[int]] | None]:
        """Return the lengths to the goal from everybody on the best paths from `start`; None without a path."""
        web = Web.of(goal, self._given, self._received, towards=True)
        blocked = self._all_blocked_either_way(start) | self._all_blocked_either_way(goal)
        found = yield from web.searching(_ENDLESS, blocked)  # looks at each vouch once
        if found.length(start) >= _ENDLESS:
            return None
        if paths.hops_of(found.length(start)) <= limits.HOPS_MAX:
            return {person: [length] for person, length in enumerate(found.dist) if 0 <= length < _ENDLESS}
        away = Web.of(start, self._given, self._received, towards=False)
        guide = (yield from away.searching(_ENDLESS, blocked)).dist

        def banned(at: int) -> bool:
            return guide[at] < 0

        def at_least(at: int) -> int:
            return max(0, guide[at] - 1)  # less than the rest, so that all best paths are found

        edges = sum(map(len, self._given))
        budget = paths.WorkBudget(trial(edges))
        back = away.steps_from(goal)
        shortened = a_star_bounded(goal, start, back, _ENDLESS, at_least=at_least, banned=banned, budget=budget)
        if shortened is not None or budget.left >= 0:
            return shortened
        bounded = bounded_search(web, _ENDLESS, blocked, paths.IntroducerBudgets(allowance(edges)).budget)
        return bounded.lengths() if start in bounded.ends else None

    def _best_path(self, start: int, goal: int, lengths: dict[int, list[int]]) -> list[int]:
        """Return the best path, whose people have `lengths` to the goal; the smallest keys among equals."""
        path, length = [start], lengths[start][0]
        steps = Web.of(goal, self._given, self._received, towards=True).steps_from(start)
        while path[-1] != goal:
            onward = [(person, step) for person, step in steps(path[-1]) if length - step in lengths.get(person, ())]
            person, step = min(onward, key=lambda taken: self._person[taken[0]])
            path.append(person)
            length -= step
        return path

    def _path(self, numbers: list[int]) -> TrustPath:
        people = tuple(self._person[at] for at in numbers)
        weights = tuple(self._policies[a].vouches[b] for a, b in pairwise(people))
        length = sum(paths.LENGTH[weight] for weight in weights)
        return TrustPath(paths.cost_of(length), people, weights)

    def _all_blocked_either_way(self, at: int) -> frozenset[int]:
        """Return everybody who is blocked either way with the person `at`."""
        found = self._blocked_with.get(at)
        if found is None:
            if len(self._blocked_with) >= limits.SEARCHES_REMEMBERED:
                self._blocked_with.clear()
            others: Iterable[int] = self._number.values() if at in self._tags else self._tags
            found = self._blocked_with[at] = frozenset(other for other in others if self._compared(at, other))
        return found

    def _blocked(self, a: int, b: int, tag: Callable[[PersonId, PersonId], bytes] = block_tag) -> bool:
        """Whether the two are blocked either way; fast for the many who block nobody. `tag` computes a block tag."""
        tags = self._tags.get(a)
        if tags is not None and tag(self._person[a], self._person[b]) in tags:
            return True
        tags = self._tags.get(b)
        return tags is not None and tag(self._person[b], self._person[a]) in tags

    def _compared(self, a: int, b: int) -> bool:
        """Whether the two are blocked either way, for those who remember the answer themselves."""
        return self._blocked(a, b, compute_block_tag)
