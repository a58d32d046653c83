"""Brings the names of people and the list of blocks, which each device keeps for itself, in step with the owner's policy.

A policy names the people vouched for by their keys alone, and the blocked people by tags alone.
"""

from __future__ import annotations

from meshnode.app.naming import remember_names
from meshnode.app.owner import policy
from meshnode.replica.replica import Replica
from protocol.trust import block_tag

# The name, in the store's small values, of the version of the trust state at which this was last done.
_SYNCED = "names and blocks synced"


def sync_names_and_blocks(replica: Replica) -> None:
    """Bring the names of contacts and the list of blocked people to what the owner's policy says now."""
    trust_state, me = replica.trust_state, replica.me
    own = policy.own(replica)
    others = len(trust_state.devices(me)) + len(trust_state.revoked_devices(me)) > 1
    if own is None or not others or replica.store.meta.get(_SYNCED) == str(trust_state.version):
        return
    with replica.transaction():
        remember_names(replica, own.vouches)
        _sync_blocks(replica, own.block_tags)
        replica.store.meta.set(_SYNCED, str(trust_state.version))


def _sync_blocks(replica: Replica, tags: frozenset[bytes]) -> None:
    blocked, now = replica.store.blocked, replica.clock.now()
    unnamed = set(tags)
    for person, _ in blocked.all():
        tag = block_tag(replica.me, person)
        unnamed.discard(tag)
        if tag not in tags:
            blocked.remove(person)
    if unnamed:
        for person in sorted(replica.trust_state.people()):
            if block_tag(replica.me, person) in unnamed:
                blocked.add(person, now)
