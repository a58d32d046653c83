"""Rotates the presence key, by which the owner's web recognizes this node.

People who left the web must lose it in the end. A person who left may still connect for some days, so that their node
learns what has changed. A person who was blocked may not, and learns it from common contacts. That a rotation is due is
written together with its cause and done later, so that a node which stops in between makes up for it.
"""

from __future__ import annotations

from meshnode.app.owner import former_web
from meshnode.app.owner.profile import set_profile
from meshnode.replica.replica import Replica
from protocol import limits

PRESENCE_KEY_BYTES = 32
_DUE = "presence_key_turns"


def rotate_at_once(replica: Replica) -> None:
    """Note that the key is to be rotated now, since a person was blocked."""
    replica.store.meta.set(_DUE, "0")


def rotate_later(replica: Replica) -> None:
    """Note that the key is to be rotated when the people who just left the web may connect no longer."""
    if replica.store.meta.get(_DUE) is None:
        replica.store.meta.set(_DUE, str(replica.clock.now() + limits.FORMER_WEB_GRACE))


def rotate_if_due(replica: Replica) -> None:
    """Take a new presence key if its time has come. People who know only the old one recognize this node no longer."""
    due = replica.store.meta.get(_DUE)
    if due is not None and int(due) <= replica.clock.now() and replica.trust_state.profile(replica.me) is not None:
        with replica.transaction():
            set_profile(replica, presence_key=replica.entropy(PRESENCE_KEY_BYTES))
            replica.store.meta.delete(_DUE)
            former_web.forget(replica)
