"""Follows a change of trust in steps: brings up to date what is kept of the whole web, before a call needs it at once.

Who trusts the owner, whom the owner trusts, who answers for whom and who may be named: each is one look at everybody, and
a call that needs them all would hold the node for the sum.
"""

from __future__ import annotations

from meshnode.app import naming
from meshnode.replica.replica import Replica
from meshnode.slices import Steps


def following(replica: Replica) -> Steps[None]:
    """Take the steps that the next call would have to take at once, since trust has changed; without a change, it is quick."""
    for search in (replica.trust_state.reach_to, replica.trust_state.regard_from):
        search(replica.me)
        yield
    replica.introducers.answers()
    yield
    yield from replica.store.records.reading_usage()
    replica.quota.accounts.refresh()
    yield
    naming.known(replica)
    yield
