"""Lets two machines that know nothing of each other meet by a word code: SPAKE2 (RFC 9382) over a channel for anybody.

The number of a code makes the keys of a channel that everybody can open who guesses the number, so the channel hides
what is said from listeners and proves nothing. Over it the two run SPAKE2 with the whole code, and show each other that
they have the same key on the same channel. Only then is anything said about anybody. The library's SPAKE2 is not
RFC 9382 to the byte: it takes its own M and N, and its transcript is SHA-256 of fixed-size parts. It is slow and not of
constant time, so the machine that shows a code computes its only message when it makes the code, and proves once.
Spec: protocol/README.md, "Word codes".
"""

from __future__ import annotations

import hmac
from enum import IntEnum
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from protocol.errors import Code, RemoteError
from protocol.keys import DeviceKeys, public_key, verify
from protocol.records.certificates import check_certificate
from protocol.records.record import Record
from protocol.wire.meeting_frames import MeetPerson, MeetProof, MeetStart
from protocol.wire.psk import PskCandidate, meeting_psk

if TYPE_CHECKING:
    from protocol.tokens.word_code import WordCode

PAKE_ENTROPY_BYTES = 64

_NUMBER_DOMAIN = b"meshnode meeting number v1\0"
_STATIC_DOMAIN = b"meshnode meeting static v1\0"
_PERSON_DOMAIN = b"meshnode meeting person v1\0"
_TYPED_DOMAIN = b"meshnode meeting typed v1\0"
_SHOWN_DOMAIN = b"meshnode meeting shown v1\0"


class Purpose(IntEnum):
    """The purpose of a code: to connect two people, or to make a machine a device of a person who has one."""

    PERSON = 1
    DEVICE = 2


def meeting_secret(number: int) -> bytes:
    """Return the 32 bytes that follow from the number of a code: everybody can compute them, so they are no secret.

    The machine that shows the code announces a tag made with them.
    """
    return blake2b(_NUMBER_DOMAIN + bytes([number]), digest_size=32).digest()


def meeting_static(number: int) -> bytes:
    """Return the X25519 private key with which the machine that shows a code of this number answers; no secret either."""
    return blake2b(_STATIC_DOMAIN + bytes([number]), digest_size=32).digest()


def meeting_static_public(number: int) -> bytes:
    """Return the public key of `meeting_static`, to dial with."""
    return public_key(meeting_static(number))


def meeting_candidate(number: int, name: Any) -> PskCandidate[Any]:
    """Return the psk with which callers who have typed a code of this number are answered, under this name."""
    return PskCandidate(name, meeting_psk(meeting_secret(number)), meeting_static(number))


class ShownCode:
    """The end that shows a code. `entropy` (64 bytes) is drawn for this code and used for nothing else.

    `message` goes to everybody who calls. `prove` may be called once: there is one try a code.
    """

    def __init__(self, code: WordCode, entropy: bytes) -> None:
        from spake2 import SPAKE2_B

        self._pake = SPAKE2_B(*_password(code), entropy_f=lambda size: entropy[:size])
        self.message: bytes = self._pake.start()[1:]

    def prove(self, start: MeetStart, proof: MeetProof, handshake_hash: bytes, purpose: int) -> MeetProof:
        """Return the proof for the caller. RemoteError FORGED unless `proof` shows that they know the code."""
        key = _finish(self._pake, b"A", start.message)
        _check(key, _TYPED_DOMAIN, handshake_hash, proof)
        return MeetProof(_mac(key, _SHOWN_DOMAIN, handshake_hash, purpose), int(purpose))


class TypedCode:
    """The end where a code was typed. `entropy` (64 bytes) is drawn for this attempt. Call `prove`, then `check`, once."""

    def __init__(self, code: WordCode, entropy: bytes) -> None:
        from spake2 import SPAKE2_A

        self._pake = SPAKE2_A(*_password(code), entropy_f=lambda size: entropy[:size])
        self._key = b""
        self.message: bytes = self._pake.start()[1:]

    def prove(self, start: MeetStart, handshake_hash: bytes, purpose: int) -> MeetProof:
        """Return the proof that this end knows the code. RemoteError FORGED if the answer is no element of the group."""
        self._key = _finish(self._pake, b"B", start.message)
        return MeetProof(_mac(self._key, _TYPED_DOMAIN, handshake_hash, purpose), int(purpose))

    def check(self, proof: MeetProof, handshake_hash: bytes) -> None:
        """Raise RemoteError FORGED unless the other end has shown that it knows the code."""
        _check(self._key, _SHOWN_DOMAIN, handshake_hash, proof)


def meet_person(keys: DeviceKeys, certificate: Record, name: str, handshake_hash: bytes) -> MeetPerson:
    """Return what a device with these keys says of its person, on the channel with this handshake hash."""
    return MeetPerson(certificate.wire, name, keys.sign(_PERSON_DOMAIN + handshake_hash))


def check_person(frame: MeetPerson, handshake_hash: bytes) -> Record:
    """Return the certificate of the device at the other end.

    RemoteError FORGED unless it is one, is signed, and its device has signed this channel; or as for records.
    """
    record = Record.parse(frame.certificate)
    check_certificate(record)
    if not verify(record.header.device, _PERSON_DOMAIN + handshake_hash, frame.signature):
        raise RemoteError(Code.FORGED, "the device has not signed this channel")
    return record


def _password(code: WordCode) -> tuple[bytes, bytes, bytes]:
    """Return the password of SPAKE2, and the names of its two sides."""
    return code.to_text().encode(), _TYPED_DOMAIN, _SHOWN_DOMAIN


def _finish(pake: Any, side: bytes, message: bytes) -> bytes:
    """Return the key of SPAKE2. The library raises several errors for what is no element of its group."""
    from spake2 import SPAKEError
    from spake2.ed25519_basic import NotOnCurve

    try:
        key: bytes = pake.finish(side + message)
    except (NotOnCurve, ValueError, SPAKEError) as error:
        raise RemoteError(Code.FORGED, "no element of the group") from error
    return key


def _mac(key: bytes, domain: bytes, handshake_hash: bytes, purpose: int) -> bytes:
    said = domain + handshake_hash + int(purpose).to_bytes(8, "big")
    return blake2b(said, key=key, digest_size=32).digest()


def _check(key: bytes, domain: bytes, handshake_hash: bytes, proof: MeetProof) -> None:
    if not hmac.compare_digest(proof.mac, _mac(key, domain, handshake_hash, proof.purpose)):
        raise RemoteError(Code.FORGED, "another code, or another channel")
