"""Certifying a machine that has shown a device code's secret: what it is given to begin with, and what is refused."""

from __future__ import annotations

import logging

from meshnode.app.owner.certificates import certify
from meshnode.replica.replica import Replica
from protocol import PROFILE_SLOT, Code, DeviceId, Kind, Record, device_slot, limits
from protocol.wire import Bye, Enrol, Enrolled, check_enrol

log = logging.getLogger(__name__)

FIRST_DEVICE = "First device"
FORMER_DEVICE = (
    "former_device"  # the name, in the store's small values, of the key that this machine had before, in hex
)


def admit(
    replica: Replica, code_id: bytes, asked: Enrol, *, handshake_hash: bytes, remote_static: bytes
) -> Bye | Enrolled:
    """The answer to a machine that came by our code with this id: its certificate, or why there is none.

    The same device may ask again, for its answer may have been lost on the way. RemoteError where it does not prove its
    keys.
    """
    check_enrol(asked, handshake_hash, remote_static)
    refusal = _refusal(replica, code_id, asked.device)
    if refusal is not None:
        log.info("a device was not added", extra={"why": refusal.name.lower()})
        return Bye(refusal)
    slot = device_slot(asked.device)
    certificate = replica.store.records.used((replica.me, Kind.DEVICE, slot))
    if certificate is None:
        with replica.transaction():
            certificate = certify(replica, asked.device, remote_static, asked.letter_key)
            _take_down(replica, code_id, asked.device)
        log.info("a device was added")
    records = [record.wire for record in _to_begin_with(replica) if record.header.device != asked.device]
    return Enrolled(certificate.wire, tuple(records), _names(replica))


def called(replica: Replica, device: DeviceId) -> str:
    """What the owner calls a device of his; empty where it has no name."""
    known = replica.store.devices.known().get(device)
    return known.name or "" if known is not None else ""


def _refusal(replica: Replica, code_id: bytes, device: DeviceId) -> Code | None:
    code = replica.store.devices.code(code_id)
    if code is None or code.expires <= replica.clock.now():
        return Code.EXPIRED
    if code.used_by not in (None, device):
        return Code.CARD_USED
    if replica.trust_state.revoked(replica.me, device) or (replica.identity is None and code.used_by is None):
        return Code.REFUSED
    if code.used_by is None and len(replica.trust_state.devices(replica.me)) >= limits.DEVICES_MAX:
        return Code.BUSY
    return None


def _take_down(replica: Replica, code_id: bytes, device: DeviceId) -> None:
    devices = replica.store.devices
    code = devices.code(code_id)
    assert code is not None
    devices.use_code(code_id, device)
    devices.call(device, code.name)
    if not called(replica, replica.device):
        devices.call(replica.device, FIRST_DEVICE)


def _to_begin_with(replica: Replica) -> list[Record]:
    """Who my devices are, and my profile, whose presence key they recognize each other by."""
    registers = [(replica.me, Kind.DEVICE, device_slot(one.device)) for one in replica.trust_state.devices(replica.me)]
    records = replica.store.records
    found = [records.used(register) for register in registers[: limits.DEVICES_MAX]]
    found.append(records.used((replica.me, Kind.PROFILE, PROFILE_SLOT)))
    return [record for record in found if record is not None and record.body]


def _names(replica: Replica) -> tuple[tuple[DeviceId, str], ...]:
    known = replica.store.devices.known()
    names = [(device, remembered.name) for device, remembered in known.items() if remembered.name]
    return tuple((device, name) for device, name in names if replica.trust_state.certified(replica.me, device))[
        : limits.DEVICES_MAX
    ]
