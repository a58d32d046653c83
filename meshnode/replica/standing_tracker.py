"""Finds the authors about whom access decisions for one viewer may have changed.

A decision about an author depends on the author's own records, on how far the author's trust reaches the viewer, on
whether the two are in one mesh, and on the viewer's own records. So when somebody far away changes a vouch, nearly all
decisions stay as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from meshnode.replica.trust_state import TrustState
from protocol import PersonId
from protocol.trust import TrustGraph


class _Stance(NamedTuple):
    """The connections of everybody to the viewer in one graph."""

    graph: TrustGraph
    reach: Mapping[PersonId, int]
    mesh: frozenset[PersonId]

    def differs_from(self, before: _Stance) -> set[PersonId]:
        """Return everybody who is connected otherwise than `before`."""
        moved = {person for person, cost in self.reach.items() if before.reach.get(person) != cost}
        moved |= before.reach.keys() - self.reach.keys()
        if self.mesh is not before.mesh:
            moved |= self.mesh ^ before.mesh
        return moved


class StandingTracker:
    """Follows how everybody is connected to `viewer`."""

    def __init__(self, trust_state: TrustState, viewer: PersonId) -> None:
        self._trust_state = trust_state
        self._viewer = viewer
        self._version = trust_state.version
        self._stances: list[_Stance] = []

    def since_last(self) -> set[PersonId] | None:
        """Return the authors about whom a decision may differ from the last call; None where it may for any author."""
        trust_state, viewer = self._trust_state, self._viewer
        before, self._stances = self._stances, self._now()
        people, self._version = trust_state.read_since(self._version), trust_state.version
        same_graphs = [one.graph is other.graph for one, other in zip(self._stances, before, strict=False)]
        if (
            people is None
            or viewer in people
            or not before
            or len(self._stances) != len(before)
            or not all(same_graphs)
        ):
            return None
        moved = set(people)
        for stance, then in zip(self._stances, before, strict=True):
            moved |= stance.differs_from(then)
        return moved

    def forget(self) -> None:
        """Forget the last call, which may have seen a transaction that was then undone: the next returns None."""
        self._stances = []

    def _now(self) -> list[_Stance]:
        graphs = [self._trust_state.graph, self._trust_state.graph_with_suspended()]
        return [
            _Stance(graph, self._trust_state.reach_in(graph, self._viewer), graph.mesh(self._viewer))
            for graph in graphs
            if graph is not None
        ]
