"""Follows a person who came back with their identity key alone, on a new device, until their own records are here again.

Nothing is written for them meanwhile that could win over what others still hold of theirs: no name, no preference. The
devices that they had before can still act for them, so the owner says of each whether it is lost.
"""

from __future__ import annotations

import json

from msgspec import Struct

from meshnode.app.owner.certificates import certify_own_device
from meshnode.replica.replica import Replica
from protocol import DeviceId

_CAME_BACK = "came back"  # the name, in the store's small values, of when that was and which devices are kept


class Return(Struct, frozen=True):
    """When (UNIX seconds) the owner came back on this device, and which of their former devices they keep."""

    since: int
    kept: frozenset[DeviceId]


def begin(replica: Replica) -> None:
    """Note that the owner comes back on this device, which has their identity key, and certify it."""
    with replica.transaction():
        _keep(replica, Return(replica.clock.now(), frozenset()))
    if replica.trust_state.certificate(replica.me, replica.device) is None:
        certify_own_device(replica)


def found(replica: Replica) -> Return | None:
    """Return how the owner came back on this device; None if they did not."""
    kept = replica.store.meta.get(_CAME_BACK)
    if kept is None:
        return None
    since, devices = json.loads(kept)
    return Return(since, frozenset(map(bytes.fromhex, devices)))


def is_waiting(replica: Replica) -> bool:
    """Whether the owner's own records have not come back yet from anybody."""
    return found(replica) is not None and replica.trust_state.profile(replica.me) is None


def former_devices(replica: Replica) -> list[DeviceId]:
    """Return the devices that the owner had before they came back, and has said nothing about: they can still act."""
    came_back = found(replica)
    if came_back is None:
        return []
    held = replica.trust_state.devices(replica.me)
    return sorted(
        one.device
        for one in held
        if one.device != replica.device and one.device not in came_back.kept and not _is_newer(replica, one.device)
    )


def keep(replica: Replica, device: DeviceId) -> None:
    """Note that the owner still has this device of theirs."""
    came_back = found(replica)
    if came_back is not None:
        _keep(replica, Return(came_back.since, came_back.kept | {device}))


def _is_newer(replica: Replica, device: DeviceId) -> bool:
    """Whether this device of the owner was added by this one."""
    known = replica.store.devices.known().get(device)
    return known is not None and known.name is not None


def _keep(replica: Replica, came_back: Return) -> None:
    devices = sorted(device.hex() for device in came_back.kept)
    replica.store.meta.set(_CAME_BACK, json.dumps([came_back.since, devices]))
