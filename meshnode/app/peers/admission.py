"""With whom this node exchanges records at all."""

from __future__ import annotations

from meshnode.app.groups import membership
from meshnode.app.peers.contacts import salvaged
from meshnode.replica.replica import Replica
from protocol import PersonId


def admits(replica: Replica, person: PersonId, shown: frozenset[bytes]) -> bool:
    """Whom I vouch for, however little, the web in either direction, and whoever shares a group with us, or has just
    proved to, by the joins in the slots `shown`.

    Those are who may see something of ours, and those of whom we may; a direct contact is heard even where what he
    says of us is not known yet. Where the store was lost the web is lost with it: then old contacts are heard, so
    that it comes back.
    """
    if person == replica.me:
        return True
    trust_state = replica.trust_state
    if trust_state.graph.blocked_either_way(replica.me, person):
        return False
    if trust_state.graph.weight(replica.me, person) > 0:
        return True
    if person in trust_state.reach_to(replica.me) or replica.me in trust_state.reach_to(person):
        return True
    if person in trust_state.groups.co_members(replica.me) or membership.unheard(replica, person, shown):
        return True
    return person in salvaged(replica)
