"""Says on what it depends whether the owner may have somebody's policy, apart from what that policy says itself.

A policy connects its author with people, so it has to be held for finding out whether the owner may have it. One that
turned out to be of somebody who is connected with nobody here is let go again. It is of use only after something else has
changed: somebody vouches for its author, or has come nearer to the owner. What a peer brings until then would be let go
again, so it need not be looked at; and what may be of use is never missed.
"""

from __future__ import annotations

from meshnode.replica.standing_tracker import Moved
from meshnode.replica.trust_state import TrustState
from protocol import PersonId
from protocol.trust import TrustGraph


def surroundings(trust_state: TrustState, me: PersonId, person: PersonId) -> int:
    """Return a number that stays the same while no policy of `person` could be told apart from before.

    To be in one mesh with the owner, or to reach them, a person needs somebody who vouches for them and does either; or
    to vouch for the owner, or a group in common.
    """
    graph, doubtful = trust_state.graph, trust_state.graph_with_suspended()
    near = _near(trust_state, graph, me, person)
    perhaps = near if doubtful is None else _near(trust_state, doubtful, me, person)
    groups = tuple(mine & theirs for mine, theirs in zip(*map(trust_state.groups_of, (me, person)), strict=True))
    own = trust_state.policy_versions(person), tuple(one.device for one in trust_state.devices(person))
    return hash((near, None if perhaps == near else perhaps, groups, own))


def may_differ(trust_state: TrustState, person: PersonId, moved: Moved) -> bool:
    """Whether the surroundings of `person` may be others since `moved`."""
    if moved.groups or person in moved:
        return True
    graphs = (trust_state.graph, trust_state.graph_with_suspended())
    return any(not moved.people.isdisjoint(graph.vouchers_of(person)) for graph in graphs if graph is not None)


def _near(trust_state: TrustState, graph: TrustGraph, me: PersonId, person: PersonId) -> tuple[object, ...]:
    """Return who vouches for the person in `graph`, and how each of these is connected with the owner."""
    mesh, reach = graph.mesh(me), trust_state.reach_in(graph, me)
    vouchers = tuple((one, one in mesh, reach.get(one)) for one in sorted(graph.vouchers_of(person)))
    return graph.blocks(me, person), vouchers
