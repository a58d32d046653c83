"""Says who answers for a person at the door of this node: the account that their connections are counted in.

Sybils cost nothing, and each can have a key, a certificate and a connection of their own. The people whom the owner
vouches for are few. So connections, work and misbehavior are counted by *introducer*: the person whom the owner vouches
for and through whom the person at the other end is connected with the owner. All those for whom nobody answers share one
account, which is small.
"""

from __future__ import annotations

from meshnode.replica.replica import Replica
from protocol import PersonId

NOBODY: PersonId = bytes(32)  # the account of those for whom nobody answers; it is no key that anybody can have


def account_of(replica: Replica, person: PersonId) -> PersonId:
    """Return the introducer of `person`: the person themself if the owner vouches for them, NOBODY if there is none."""
    introducer = replica.introducers.introducer(person)
    return NOBODY if introducer is None else introducer
