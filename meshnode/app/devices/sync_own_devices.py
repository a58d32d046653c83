"""What this device remembers by name of what its owner has said on another: whom he vouches for, and whom he blocks.

A policy names people by their keys, and the blocked by tags alone; names and the list of blocks lie on each device.
"""

from __future__ import annotations

from meshnode.app.naming import remember_name
from meshnode.app.owner import policy
from meshnode.replica.replica import Replica
from protocol.trust import block_tag

_FOLLOWED = "policy followed"  # the name, in the store's small values, of the circle's version when this was last done


def follow(replica: Replica) -> None:
    """Bring the names of direct contacts and the list of blocks up to what the owner's policy says now."""
    trust_state, me = replica.trust_state, replica.me
    own = policy.own(replica)
    others = len(trust_state.devices(me)) + len(trust_state.revoked_devices(me)) > 1
    if own is None or not others or replica.store.meta.get(_FOLLOWED) == str(trust_state.version):
        return
    with replica.transaction():
        for person in own.vouches:
            profile = trust_state.profile(person)
            if profile is not None:  # it goes when he is blocked
                remember_name(replica, person, profile.name)
        _follow_blocks(replica, own.block_tags)
        replica.store.meta.set(_FOLLOWED, str(trust_state.version))


def _follow_blocks(replica: Replica, tags: frozenset[bytes]) -> None:
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
