"""Keeps whether the owner wants receipts: people then learn, some time later, that a letter of theirs was opened.

`receipts = false` in the settings of the node switches them off whatever was chosen here: off in one place is off.
"""

from __future__ import annotations

from meshnode.errors import Field, Refused
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica

_CHOICE = "receipts"  # its key among the small values of the store
_OFF = "off"


def are_on(replica: Replica) -> bool:
    """Whether this node writes receipts."""
    return replica.receipts and replica.store.meta.get(_CHOICE) != _OFF


def choose(replica: Replica, *, on: bool) -> None:
    """Write receipts from now on, or none; those that were written are then withdrawn. Raises as `check` does."""
    check(replica, on=on)
    if on == are_on(replica):
        return
    now, store = replica.clock.now(), replica.store
    with replica.transaction():
        store.meta.set(_CHOICE, "on" if on else _OFF)
        for person in () if on else store.receipts.people():
            store.receipts.set_due(person, now)
    replica.changes.publish(Change(people=frozenset({replica.me})))


def check(replica: Replica, *, on: bool) -> None:
    """Raise Refused where receipts cannot be switched on, since the settings of this node switch them off."""
    if on and not replica.receipts:
        raise Refused(
            "the settings of this node switch receipts off",
            "remove receipts = false from its config.toml, or MESHNODE_RECEIPTS from its environment, and start it again",
            field=Field.RECEIPTS,
        )
