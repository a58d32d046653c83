"""Certifies a new device by two frames over the channel of a device code (protocol/README.md, "Devices").

The channel has proven the new device's handshake key, and a signature over the handshake hash proves the key that it will
sign with. So nobody can have the keys of another person's device certified as their own.
"""

from __future__ import annotations

from hashlib import blake2b

from protocol.errors import Code, RemoteError
from protocol.fingerprint import WORDS
from protocol.keys import DeviceKeys, PersonId, is_low_order, verify
from protocol.records.certificates import check_certificate
from protocol.records.record import Record
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
    device = check_certificate(record)
    if (record.header.author, record.header.device) != (person, keys.device_id):
        raise RemoteError(Code.FORGED, "a certificate for somebody else")
    if (device.dh_public, device.letter_public) != (keys.dh_public, keys.letter_public):
        raise RemoteError(Code.FORGED, "a certificate for other keys")
    return record


def _signed(handshake_hash: bytes, letter_key: bytes) -> bytes:
    return _DOMAIN + handshake_hash + letter_key
