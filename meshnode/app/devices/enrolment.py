"""Admits a machine that has shown the secret of a device code, with a certificate and first records, or refuses it."""

from __future__ import annotations

import logging

from meshnode.app.owner.certificates import certify
from meshnode.replica.replica import Replica
from protocol import PROFILE_SLOT, Code, DeviceId, Kind, Record, device_slot, limits
from protocol.wire import Bye, Enrol, Enrolled, check_enrol

log = logging.getLogger(__name__)

FIRST_DEVICE = "First device"


def answer(
    replica: Replica, code_id: bytes, asked: Enrol, *, handshake_hash: bytes, remote_static: bytes
) -> Bye | Enrolled:
    """Return the answer to a machine that used our code with this id: its certificate, or the reason why it gets none.

    The same device may ask again, since its answer may have been lost. Raises RemoteError if it does not prove its
    keys.
    """
    check_enrol(asked, handshake_hash, remote_static)
    refusal = _refusal(replica, code_id, asked.device)
    if refusal is not None:
        log.info("a device was not added", extra={"why": refusal.name.lower()})
        return Bye(refusal)
    slot = device_slot(asked.device)
    certificate = replica.store.records.current((replica.me, Kind.DEVICE, slot))
    if certificate is None:
        with replica.transaction():
            certificate = certify(replica, asked.device, remote_static, asked.letter_key)
            _note_enrolled(replica, code_id, asked.device)
        log.info("a device was added")
    records = [record.wire for record in _first_records(replica) if record.header.device != asked.device]
    return Enrolled(certificate.wire, tuple(records), _names(replica))


def device_name(replica: Replica, device: DeviceId) -> str:
    """Return the name that the owner gave to a device; empty if it has none."""
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


def _note_enrolled(replica: Replica, code_id: bytes, device: DeviceId) -> None:
    devices = replica.store.devices
    code = devices.code(code_id)
    assert code is not None
    devices.use_code(code_id, device)
    devices.call(device, code.name)
    if not device_name(replica, replica.device):
        devices.call(replica.device, FIRST_DEVICE)


def _first_records(replica: Replica) -> list[Record]:
    """Return the certificates of the owner's devices, and the profile, whose presence key these devices recognize."""
    registers = [(replica.me, Kind.DEVICE, device_slot(one.device)) for one in replica.trust_state.devices(replica.me)]
    records = replica.store.records
    found = [records.current(register) for register in registers[: limits.DEVICES_MAX]]
    found.append(records.current((replica.me, Kind.PROFILE, PROFILE_SLOT)))
    return [record for record in found if record is not None and record.body]


def _names(replica: Replica) -> tuple[tuple[DeviceId, str], ...]:
    known = replica.store.devices.known()
    names = [(device, remembered.name) for device, remembered in known.items() if remembered.name]
    return tuple((device, name) for device, name in names if replica.trust_state.certified(replica.me, device))[
        : limits.DEVICES_MAX
    ]
