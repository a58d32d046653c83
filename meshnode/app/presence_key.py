"""Turning the key by which the own web recognises this node: whoever left the web must lose it in the end.

One who left may still reach us for a while, so that his node is shown that things changed; one who is blocked may not,
and hears it from common contacts.
"""

from __future__ import annotations

from meshnode.app.profile import set_profile
from meshnode.app.replica import Replica
from protocol import limits

PRESENCE_KEY_BYTES = 32
LEAVERS_GRACE = 14 * limits.DAY
_DUE = "presence_key_turns"


def turn_now(replica: Replica) -> None:
    """Take a new presence key: whoever knows only the old one no longer recognises or reaches this node."""
    set_profile(replica, presence_key=replica.entropy(PRESENCE_KEY_BYTES))
    replica.store.meta.delete(_DUE)


def turn_later(replica: Replica) -> None:
    """Somebody left the web: take a new presence key when his grace is over."""
    if replica.store.meta.get(_DUE) is None:
        replica.store.meta.set(_DUE, str(replica.clock.now() + LEAVERS_GRACE))


def turn_if_due(replica: Replica) -> None:
    """Take the new presence key that an earlier leave has asked for, once its time has come."""
    due = replica.store.meta.get(_DUE)
    if due is not None and int(due) <= replica.clock.now():
        turn_now(replica)
