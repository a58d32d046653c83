"""Turning the key by which the own web recognizes this node: whoever left the web must lose it in the end.

One who left may still reach us for a while, so that his node is shown that things changed; one who is blocked may not,
and hears it from common contacts. That it is due is written together with what makes it due, and done afterwards, so
that a node which stops between the two makes up for it.
"""

from __future__ import annotations

from meshnode.app.owner import former_web
from meshnode.app.owner.profile import set_profile
from meshnode.replica.replica import Replica
from protocol import limits

PRESENCE_KEY_BYTES = 32
_DUE = "presence_key_turns"


def due_at_once(replica: Replica) -> None:
    """Somebody was blocked."""
    replica.store.meta.set(_DUE, "0")


def due_later(replica: Replica) -> None:
    """Somebody left the web: the key turns when his grace is over."""
    if replica.store.meta.get(_DUE) is None:
        replica.store.meta.set(_DUE, str(replica.clock.now() + limits.LEAVERS_GRACE))


def turn_if_due(replica: Replica) -> None:
    """Take a new presence key if its time has come: who knows only the old one recognizes this node no more."""
    due = replica.store.meta.get(_DUE)
    if due is not None and int(due) <= replica.clock.now() and replica.trust_state.profile(replica.me) is not None:
        with replica.transaction():
            set_profile(replica, presence_key=replica.entropy(PRESENCE_KEY_BYTES))
            replica.store.meta.delete(_DUE)
            former_web.forget(replica)
