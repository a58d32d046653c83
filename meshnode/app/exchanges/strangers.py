"""Says who answers for people who ask something of the owner and for whom the owner does not vouch.

Sybils can ask without number. What they ask for is counted for their introducer, the person for whom the owner vouches
and through whom they are connected; it has a fair share of the room, and counts for nothing once nobody answers for them.
"""

from __future__ import annotations

from collections import Counter

from meshnode.app.owner import policy
from meshnode.replica.replica import Replica
from meshnode.store import Exchange
from protocol import PersonId, limits
from protocol.letters import Stage


def is_stranger(replica: Replica, person: PersonId) -> bool:
    """Whether `person` is somebody for whom the owner does not vouch, and not the owner."""
    return person != replica.me and policy.weight(replica, person) == 0


def is_unanswered(replica: Replica, person: PersonId) -> bool:
    """Whether nobody whom the owner vouches for answers for `person`, and no group connects the two."""
    if not is_stranger(replica, person) or replica.introducers.introducer(person) is not None:
        return False
    return person not in replica.trust_state.groups.co_members(replica.me)


def is_swept(replica: Replica, exchange: Exchange) -> bool:
    """Whether this is a request to the owner that counts for nothing, since nobody answers any longer for who made it."""
    asks = exchange.stage is Stage.REQUESTED and exchange.asked is False
    return asks and is_unanswered(replica, exchange.other)


def make_room(replica: Replica, asker: PersonId) -> bool:
    """Make room for one more request by `asker`; return whether there is any.

    The owner always has room for the people they vouch for. All others share a fixed number: requests for which nobody
    answers go first, then the latest request of the introducer who has most, if `asker` has one with fewer.
    """
    if not is_stranger(replica, asker):
        return True
    kept = replica.store.exchanges
    asks = [one for one in kept.with_stage(Stage.REQUESTED, asked=False) if is_stranger(replica, one.other)]
    if len(asks) < limits.STRANGERS_ASKS_MAX:
        return True
    for one in asks:
        if is_unanswered(replica, one.other):
            kept.forget(one)
            return True
    by = {one.no: replica.introducers.introducer(one.other) for one in asks}
    counted = Counter(by.values())
    largest, most = counted.most_common(1)[0]
    if counted[replica.introducers.introducer(asker)] + 1 >= most:
        return False
    kept.forget(next(one for one in reversed(asks) if by[one.no] == largest))
    return True
