"""Certifies a new device by two frames over the channel of a device code (protocol/README.md, "Devices").

The channel has proven the new device's handshake key, and a signature over the handshake hash proves the key that it will
sign with. So nobody can have the keys of another person's device certified as their own.
"""

from __future__ import annotations

from hashlib import blake2b

from protocol.errors import Code, RemoteError
from protocol.fingerprint import WORDS
from protocol.keys import DeviceKeys, PersonId, is_low_order, verify
from protocol.records.bodies import body_of
from protocol.records.device import Device
from protocol.records.record import Kind, Record, check_header, is_revocation, verify_signature
from protocol.wire.frames import Enrol, Enrolled

_DOMAIN = b"meshnode enrolment v1\0"
_WORDS_DOMAIN = b"meshnode enrolment words v1\0"
_WORDS_SHOWN = 3


def enrol(keys: DeviceKeys, handshake_hash: bytes) -> Enrol:
    """Return the request of a new device with these keys, on the channel with this handshake hash (64 bytes)."""
    signature = keys.sign(_signed(handshake_hash, keys.letter_public))
    return Enrol(keys.device_id, keys.letter_public, signature)


def enrolment_words(handshake_hash: bytes) -> tuple[str, ...]:
    """Return the three words that both machines show: their owner compares them before the new one is certified."""
    return tuple(WORDS[byte] for byte in blake2b(_WORDS_DOMAIN + handshake_hash, digest_size=_WORDS_SHOWN).digest())


def check_enrol(frame: Enrol, handshake_hash: bytes, remote_static: bytes) -> None:
    """Raise RemoteError FORGED unless the peer, with the static key `remote_static`, has proven the keys it names."""
    if is_low_order(frame.letter_key) or is_low_order(remote_static):
        raise RemoteError(Code.FORGED, "a key of low order")
    if not verify(frame.device, _signed(handshake_hash, frame.letter_key), frame.signature):
        raise RemoteError(Code.FORGED, "the device has not signed its keys")


def certificate_in(frame: Enrolled, person: PersonId, keys: DeviceKeys) -> Record:
    """Return the certificate that came. RemoteError FORGED if it is not by `person` and for these keys; or as for records."""
    record = Record.parse(frame.certificate)
    header = record.header
    if (header.kind, header.author, header.device) != (Kind.DEVICE, person, keys.device_id) or is_revocation(header):
        raise RemoteError(Code.FORGED, "a certificate for somebody else")
    check_header(header)
    body = body_of(record) if record.body else None
    if not isinstance(body, Device) or body.revoked:
        raise RemoteError(Code.FORGED, "a certificate without keys")
    if (body.dh_public, body.letter_public) != (keys.dh_public, keys.letter_public) or not verify_signature(record):
        raise RemoteError(Code.FORGED, "a certificate for other keys, or one that nobody has signed")
    return record


def _signed(handshake_hash: bytes, letter_key: bytes) -> bytes:
    return _DOMAIN + handshake_hash + letter_key
