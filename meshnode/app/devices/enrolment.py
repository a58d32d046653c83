"""Admits a machine that has shown the secret of a device code, with a certificate and first records, or refuses it."""

from __future__ import annotations

import logging

from meshnode.app.devices import confirmation
from meshnode.app.owner.certificates import certify
from meshnode.replica.replica import Replica
from protocol import PROFILE_SLOT, Code, DeviceId, Kind, Record, device_slot, limits
from protocol.wire import Bye, Enrol, Enrolled, check_enrol, enrolment_words

log = logging.getLogger(__name__)

FIRST_DEVICE = "First device"


def answer(
    replica: Replica, code_id: bytes, asked: Enrol, *, handshake_hash: bytes, remote_static: bytes
) -> Bye | Enrolled | None:
    """Return the answer to a machine that used our code with this id: its certificate, or the reason why it gets none.

    None while the owner has not said whether the words on both screens are the same; call `decided` then, now and then.
    The same device may ask again, since its answer may have been lost. Raises RemoteError if it does not prove its
    keys.
    """
    check_enrol(asked, handshake_hash, remote_static)
    refusal = _refusal(replica, code_id, asked.device)
    before = confirmation.question(replica)
    if refusal is None and before is not None and before.device != asked.device.hex():
        refusal = Code.CARD_USED  # the owner is being asked about another machine
    if refusal is not None:
        log.info("a device was not added", extra={"why": refusal.name.lower()})
        return Bye(refusal)
    if _certificate(replica, asked.device) is not None:
        return _granted(replica, asked.device)
    confirmation.ask(replica, code_id, asked.device, " ".join(enrolment_words(handshake_hash)))
    log.info("a device waits to be confirmed")
    return None


def decided(
    replica: Replica, code_id: bytes, asked: Enrol, *, handshake_hash: bytes, remote_static: bytes
) -> Bye | Enrolled | None:
    """Return the answer to a machine that waits for the owner's word; None while there is none."""
    question = confirmation.question(replica)
    words = " ".join(enrolment_words(handshake_hash))
    if question is None or (question.device, question.words) != (asked.device.hex(), words) or question.answer is False:
        if question is not None and question.words == words:
            confirmation.end(replica)
        log.info("a device was not added", extra={"why": "not confirmed"})
        return Bye(Code.REFUSED)
    if question.answer is None:
        return None
    refusal = _refusal(replica, code_id, asked.device)
    with replica.transaction():
        if refusal is None:
            certify(replica, asked.device, remote_static, asked.letter_key)
            _note_enrolled(replica, code_id, asked.device)
        confirmation.end(replica)
    if refusal is not None:
        return Bye(refusal)
    log.info("a device was added")
    return _granted(replica, asked.device)


def _certificate(replica: Replica, device: DeviceId) -> Record | None:
    return replica.store.records.current((replica.me, Kind.DEVICE, device_slot(device)))


def _granted(replica: Replica, device: DeviceId) -> Enrolled:
    certificate = _certificate(replica, device)
    assert certificate is not None
    records = [record.wire for record in _first_records(replica) if record.header.device != device]
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
