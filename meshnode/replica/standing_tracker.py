"""Finds the authors about whom access decisions for one viewer may have changed.

A decision about an author depends on the author's own records, on how far the author's trust reaches the viewer, on
whether the two are in one mesh, and on the viewer's own blocks, groups and place. So when somebody far away changes a
vouch, or the viewer does, nearly all decisions stay as they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct

from meshnode.replica.costs import Costs
from meshnode.replica.trust_state import TrustState
from protocol import PersonId
from protocol.trust import TrustGraph, block_tag

_NOBODY: Mapping[PersonId, int] = {}


class _Stance(NamedTuple):
    """The connections of everybody to the viewer in one graph."""

    graph: TrustGraph
    reach: Costs
    regard: Mapping[PersonId, int]
    mesh: frozenset[PersonId]
    blocks: frozenset[bytes]
    """The tags of the people whom the viewer blocks."""

    def differs_from(self, before: _Stance) -> set[PersonId]:
        """Return everybody who is connected otherwise than `before`, apart from blocks."""
        moved: set[PersonId] = set()
        if self.reach is not before.reach:
            moved |= self.reach.differing(before.reach)
        if self.regard is not before.regard:
            now, then = self.regard, before.regard
            moved |= {person for person, cost in now.items() if then.get(person) != cost}
            moved |= then.keys() - now.keys()
        if self.mesh is not before.mesh:
            moved |= self.mesh ^ before.mesh
        return moved


class Moved(Struct, frozen=True):
    """The authors about whom a decision may have changed: `people`, and those with one of the block tags of `viewer`.

    `groups` says that the viewer joined or left a group: then decisions may also differ about people of whose
    membership nothing is held.
    """

    viewer: PersonId
    people: frozenset[PersonId]
    tags: frozenset[bytes]
    groups: bool = False

    def __contains__(self, author: PersonId) -> bool:
        return author in self.people or (bool(self.tags) and block_tag(self.viewer, author) in self.tags)

    def __bool__(self) -> bool:
        return bool(self.people or self.tags or self.groups)

    def among(self, authors: Iterable[PersonId]) -> set[PersonId]:
        """Return those of these authors about whom a decision may have changed."""
        if self.tags:
            return {author for author in authors if author in self}
        return set(self.people.intersection(authors))


class StandingTracker:
    """Follows how everybody is connected to `viewer`; with `regard`, also how much the viewer trusts them."""

    def __init__(self, trust_state: TrustState, viewer: PersonId, *, regard: bool = False) -> None:
        self._trust_state = trust_state
        self._viewer = viewer
        self._with_regard = regard
        self._version = trust_state.version
        self._stances: list[_Stance] = []
        self._place: tuple[bool, str | None] = (False, None)
        self._groups: tuple[frozenset[bytes], ...] = ()

    def since_last(self) -> Moved | None:
        """Return the authors about whom a decision may differ from the last call; None where it may for any author."""
        trust_state = self._trust_state
        if self._stances and self._version == trust_state.version:
            return Moved(self._viewer, frozenset(), frozenset())
        before, self._stances = self._stances, self._now()
        place_before, self._place = self._place, self._place_now()
        groups_before, self._groups = self._groups, trust_state.groups_of(self._viewer)
        people, self._version = trust_state.read_since(self._version), trust_state.version
        if people is None or not before or self._place != place_before:
            return None
        moved, tags = set(people), frozenset[bytes]()
        if [one.graph for one in self._stances] != [one.graph for one in before]:
            moved |= trust_state.may_say_more()  # the others say in a doubtful graph what they say in the one in use
        # Without a doubtful graph the one in use decides alone.
        for stance, then in zip((self._stances * 2)[:2], (before * 2)[:2], strict=True):
            moved |= stance.differs_from(then)
            tags |= stance.blocks ^ then.blocks
        if self._groups != groups_before:
            moved |= trust_state.people_in_chains()
        return Moved(self._viewer, frozenset(moved), tags, self._groups != groups_before)

    def forget(self) -> None:
        """Forget the last call, which may have seen a transaction that was then undone: the next returns None."""
        self._stances = []

    def _now(self) -> list[_Stance]:
        trust_state, viewer = self._trust_state, self._viewer
        graphs = [trust_state.graph, trust_state.graph_with_suspended()]
        regard = trust_state.regard_from(viewer) if self._with_regard else _NOBODY
        return [
            _Stance(
                graph,
                trust_state.reach_in(graph, viewer),
                regard,
                graph.mesh(viewer),
                policy.block_tags if (policy := graph.policy(viewer)) is not None else frozenset(),
            )
            for graph in graphs
            if graph is not None
        ]

    def _place_now(self) -> tuple[bool, str | None]:
        """Return what decisions about all authors depend on: the viewer's place, and whether it is known."""
        trust_state, viewer = self._trust_state, self._viewer
        return trust_state.profile(viewer) is None, trust_state.published_place(viewer)
