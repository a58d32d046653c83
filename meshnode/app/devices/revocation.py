"""Revoking a device: the last word on it, and what becomes of what it wrote."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from meshnode.app import naming
from meshnode.app.devices import reissue
from meshnode.app.devices.device_list import name_of
from meshnode.app.owner import policy, presence_key
from meshnode.app.owner.certificates import identity_keys, revoke_device
from meshnode.errors import NotFound, Refused, Usage
from meshnode.replica.replica import Replica
from protocol import Device, DeviceId, InvalidField, Kind, body_of, device_slot, device_text

log = logging.getLogger(__name__)

ID_LETTERS_MIN = 4
_PREFIX = "md1"


@dataclass(frozen=True, slots=True)
class RevokeQuery:
    """With `discard`, nothing of what the device wrote is written anew but its blocks."""

    discard: bool = False


@dataclass(frozen=True, slots=True)
class RevokedView:
    """A device that speaks for you no more; `kept` records of it were written anew by this one, `dropped` were not."""

    id: str
    name: str
    kept: int
    dropped: int


def revoke(replica: Replica, which: str, *, discard: bool = False) -> RevokedView:
    """Strike a device of mine: all that it wrote is void everywhere, and who knows its keys finds me no more.

    Unless `discard`, this device writes anew what still counts of it.
    """
    device = find(replica, which)
    name = name_of(replica, device)
    if device == replica.device:
        raise Refused("this is the device that you are using", "revoke it from another one that has your identity key")
    identity_keys(replica)
    if replica.trust_state.revoked(replica.me, device):
        raise Refused(f"{name} is revoked already", "'meshnode device list' shows your devices")
    certificate = replica.store.records.used((replica.me, Kind.DEVICE, device_slot(device)))
    keys = body_of(certificate) if certificate is not None and certificate.body else None
    if not isinstance(keys, Device):
        raise Refused(f"this node does not have the certificate of {name}", "try again after your nodes have connected")
    written = reissue.written_by(replica, device)
    wanted = [record for record in written if not discard or record.header.kind in reissue.ALWAYS]
    before = policy.web(replica)
    try:
        reissue.take_over_policy(replica, device, blocks_only=discard)
    except InvalidField as error:  # its policy leaves no stamp above its own, or no room: then as much as fits, later
        log.warning("a policy was not taken over", extra={"why": str(error)})
    with replica.transaction():
        revoke_device(replica, device, dh_public=keys.dh_public, letter_public=keys.letter_public)
        replica.store.devices.add_pending_reissue(wanted, blocks_only=discard)
        replica.store.people.forget_device(device)
        policy.note_leavers(replica, before)
        presence_key.due_at_once(replica)
    log.info("a device was revoked")
    reissue.carry_on(replica)
    presence_key.turn_if_due(replica)
    counted = [record for record in written if record.header.kind not in reissue.ALWAYS]
    kept = 0 if discard else len(counted)
    return RevokedView(device_text(device), name, kept, len(counted) - kept)


def find(replica: Replica, which: str) -> DeviceId:
    """The device of mine that is meant by its name or id, or the beginning of either; those in use go before struck ones."""
    wanted = which.strip().casefold()
    if not wanted:
        raise Usage("say which device", "a name, an id, or the beginning of either")
    in_use = [one.device for one in replica.trust_state.devices(replica.me)]
    for pool in (in_use, replica.trust_state.revoked_devices(replica.me)):
        found = _among(replica, wanted, pool)
        if len(found) > 1:
            raise naming.ambiguous(which, [f"{name_of(replica, one)} ({device_text(one)[:11]})" for one in found])
        if found:
            return found[0]
    raise NotFound(f"no device of yours is called {which!r}", "'meshnode device list' shows them")


def _among(replica: Replica, wanted: str, pool: list[DeviceId]) -> list[DeviceId]:
    names = {device: name_of(replica, device).casefold() for device in pool}
    exact = [device for device in pool if wanted in (names[device], device_text(device))]
    if exact:
        return exact
    letters = wanted.removeprefix(_PREFIX)
    by_id = [
        device
        for device in pool
        if len(letters) >= ID_LETTERS_MIN and device_text(device).removeprefix(_PREFIX).startswith(letters)
    ]
    return list(dict.fromkeys([*(device for device in pool if names[device].startswith(wanted)), *by_id]))
