"""Deals with copies of this device: a disk that was copied to a second machine, or an old image that was put back.

Both show in one way: this node hears a record that its own device key signed and that it does not know. What the copies
wrote apart is then joined, and where they disagree the stricter of the two holds: nobody comes to see what the owner
kept from them. This computer takes a new device key, so that no copy can write in its name any more.
"""

from __future__ import annotations

import logging

from meshnode.app.owner import policy
from meshnode.errors import Failed, Refused
from meshnode.replica import authoring
from meshnode.replica.replica import FORMER_DEVICE, Replica
from meshnode.store import Store
from protocol import Audience, DeviceId, Kind, Listing, PolicyFull, Record, body_of, limits
from protocol.trust import effective_audience

log = logging.getLogger(__name__)

FORMER_NAME = "This computer before"
COPIED_HOME = "copied home"
# Names in the store's small values.
_NEW_KEY_DUE = "new_device_key_due"  # set while a copy of this device's key may be in use elsewhere
WAS_COPIED = "was_copied"  # set where the former device key was given up because it was copied
DEVICES_SPARE = 4  # of a person's devices: however often a disk is copied, the owner can still add some


def join_words(replica: Replica) -> None:
    """Join what copies of this device have said apart, where one was heard of since the last call."""
    signed_records = replica.store.signed_records
    if not signed_records.was_copied:
        return
    with replica.transaction():
        try:
            policy.join_branches(replica)
        except PolicyFull as error:  # the branches stay in use beside each other, joined by all who read them
            log.warning("branches of a policy were not joined", extra={"why": str(error)})
        for lost in signed_records.lost():
            _take_stricter(replica, lost)
        signed_records.settle()
        replica.store.meta.set(_NEW_KEY_DUE, "heard")
    log.warning("a copy of this device has written")


def note_other_machine(replica: Replica) -> None:
    """Note that another machine with the keys of this device has just proved that it has them."""
    if not new_key_due(replica):
        replica.store.meta.set(_NEW_KEY_DUE, "met")
        log.warning("another machine has the keys of this device")


def new_key_due(replica: Replica) -> bool:
    """Whether this computer should take a new device key, because a copy of the present one may be in use."""
    return replica.store.meta.get(_NEW_KEY_DUE) is not None


def may_take_new_key(replica: Replica) -> bool:
    """Whether a new device key can be certified now."""
    return replica.identity is not None and has_room(replica)


def has_room(replica: Replica) -> bool:
    """Whether a new device key would leave the owner enough devices that can still be added."""
    return len(replica.trust_state.devices(replica.me)) <= limits.DEVICES_MAX - DEVICES_SPARE


def note_copied_home(store: Store) -> None:
    """Note that the files of this home are copies, so that a new device key is due before anything is signed."""
    store.meta.set(_NEW_KEY_DUE, COPIED_HOME)


def is_copied_home(store: Store) -> bool:
    """Whether the files of this home are copies, and no new device key was taken since."""
    return store.meta.get(_NEW_KEY_DUE) == COPIED_HOME


def keep_key(store: Store) -> None:
    """Note that no copy of the device key is in use, on the owner's word."""
    store.meta.delete(_NEW_KEY_DUE)


def note_new_key(store: Store, former: DeviceId, present: DeviceId) -> None:
    """Note that this computer, which wrote as the device `former`, writes as `present` from now on."""
    name = store.devices.known().get(former)
    if name is not None and name.name:
        store.devices.call(present, name.name)
    store.devices.call(former, FORMER_NAME)
    store.meta.set(FORMER_DEVICE, former.hex())
    if store.meta.get(_NEW_KEY_DUE) is not None:
        store.meta.set(WAS_COPIED, "yes")
        store.meta.delete(_NEW_KEY_DUE)


def _take_stricter(replica: Replica, lost: Record) -> None:
    """Write the newest version of a register again as strictly as one that lost against it."""
    newest = replica.store.records.newest(lost.register)
    if newest is None or newest.id == lost.id or newest.withdrawn or newest.header.device != replica.device:
        return
    kind, slot = Kind(lost.header.kind), lost.header.slot
    try:
        if lost.withdrawn:
            authoring.withdraw(replica, kind, slot)
        elif kind == Kind.LISTING and newest.body and _audience(replica, lost) < _audience(replica, newest):
            body = body_of(newest)
            assert isinstance(body, Listing)
            authoring.write(
                replica,
                kind,
                slot,
                body,
                life=limits.LISTING_LIFE,
                expires=newest.header.expires,
                audience=Audience(lost.header.audience),
                may_reduce_access=True,
            )
    except (Failed, Refused) as error:
        log.warning("a record was not joined", extra={"kind": int(kind), "why": str(error)})


def _audience(replica: Replica, record: Record) -> int:
    own = policy.own(replica)
    assert own is not None
    return effective_audience(Audience(record.header.audience), own.preference)
