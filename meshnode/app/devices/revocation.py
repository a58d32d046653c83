"""Revokes a device of the owner, and has this device write again what is still wanted of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from meshnode.app.devices import reissue
from meshnode.app.devices.device_list import name_of
from meshnode.app.naming import ID_SHOWN
from meshnode.app.owner import policy, presence_key
from meshnode.app.owner.certificates import identity_keys, revoke_device
from meshnode.app.picking import Candidate, pick
from meshnode.errors import NotFound, Refused
from meshnode.quoting import named, quoted
from meshnode.replica.replica import Replica
from protocol import Device, DeviceId, InvalidField, Kind, body_of, device_slot, device_text

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RevokeQuery:
    """With `discard`, nothing that the device wrote is kept but its blocks."""

    discard: bool = False


@dataclass(frozen=True, slots=True)
class RevokedView:
    """A device that can no longer act for you.

    This device wrote `kept` of its records again, and `dropped` the others.
    """

    id: str
    name: str
    kept: int
    dropped: int


def revoke(replica: Replica, which: str, *, discard: bool = False) -> RevokedView:
    """Revoke a device of the owner: all that it wrote is void everywhere, and nobody who has its keys finds this node.

    Unless `discard`, this device writes again what still counts. Raises Refused for this device itself and for one that
    is revoked already, Forbidden without the identity key, and NotFound and Ambiguous as `find` does.
    """
    device = find(replica, which)
    name = name_of(replica, device)
    if device == replica.device:
        raise Refused("this is the device that you are using", "revoke it on another device that has your identity key")
    identity_keys(replica)
    if replica.trust_state.revoked(replica.me, device):
        raise Refused(f"{named(name)} is revoked already", "'meshnode device list' shows your devices")
    certificate = replica.store.records.current((replica.me, Kind.DEVICE, device_slot(device)))
    keys = body_of(certificate) if certificate is not None and certificate.body else None
    if not isinstance(keys, Device):
        raise Refused(
            f"this node does not have the certificate of {named(name)}", "try again after your devices have connected"
        )
    written = reissue.written_by(replica, device)
    wanted = [record for record in written if not discard or record.header.kind in reissue.ALWAYS_REISSUED]
    before = policy.web(replica)
    try:
        reissue.absorb_policy(replica, device, blocks_only=discard)
    except InvalidField as error:  # there is no stamp above its own, or no room: later as much as fits is absorbed
        log.warning("a policy was not absorbed", extra={"why": str(error)})
    with replica.transaction():
        revoke_device(replica, device, dh_public=keys.dh_public, letter_public=keys.letter_public)
        replica.store.devices.add_pending_reissue(wanted, blocks_only=discard)
        replica.store.people.forget_device(device)
        policy.note_former_web(replica, before)
        presence_key.rotate_at_once(replica)
    log.info("a device was revoked")
    reissue.write_pending(replica)
    presence_key.rotate_if_due(replica)
    counted = [record for record in written if record.header.kind not in reissue.ALWAYS_REISSUED]
    kept = 0 if discard else len(counted)
    return RevokedView(device_text(device), name, kept, len(counted) - kept)


def find(replica: Replica, which: str) -> DeviceId:
    """Return the owner's device that `which` means; one in use goes before a revoked one.

    NotFound, and Usage and Ambiguous as in `picking.pick` for what cannot be undone.
    """
    in_use = [_candidate(replica, one.device, preferred=True) for one in replica.trust_state.devices(replica.me)]
    revoked = [_candidate(replica, one, preferred=False) for one in replica.trust_state.revoked_devices(replica.me)]
    device = pick(which, in_use, noun="device", destructive=True)
    device = device or pick(which, revoked, noun="device", destructive=True)
    if device is None:
        raise NotFound(f"no device of yours is called {which!r}", "'meshnode device list' shows your devices")
    return device


def _candidate(replica: Replica, device: DeviceId, *, preferred: bool) -> Candidate[DeviceId]:
    name, id_ = name_of(replica, device), device_text(device)
    return Candidate(device, id_, name, lambda: f"{quoted(name)} ({id_[:ID_SHOWN]})", preferred=preferred)
