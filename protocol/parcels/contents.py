"""The frames inside of a part of a parcel: who sends it, which parcels of the reader's have arrived, records, and photos.

One frame is one canonical array, its first element the type. Unknown types, and further fields of known ones, are passed
over: a newer version may send them. Spec: protocol/README.md, "Parcels".
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from hashlib import blake2b
from typing import TypeAlias

from msgspec import Struct

from protocol.codec import Value, decode, encode
from protocol.errors import Code, RemoteError
from protocol.fields import check_bytes, check_number, parses
from protocol.keys import KEY_BYTES, SIGNATURE_BYTES, PersonId, verify
from protocol.limits import (
    FRAME_MAX_BYTES,
    IDENTIFICATION_RECORDS_MAX,
    PARCEL_NOT_TAKEN_MAX,
    PARCEL_RECEIPTS_MAX,
    PHOTO_PART_BYTES,
    RECORDS_PER_FRAME_MAX,
    SLOT_BYTES,
    TIME_MAX,
)
from protocol.records.certificates import check_certificate
from protocol.records.photo import PHOTO_HASH_BYTES, PhotoHash
from protocol.records.record import Record

PARCEL_ID_BYTES = 16
CARD_ID_BYTES = SLOT_BYTES
ID_PREFIX_BYTES = 8  # of a record's id: nobody finds another record that begins alike, at 2^64 hashes
_PROOF_BYTES = 32
_OPENING, _RECEIPTS, _RECORDS, _PHOTO = 1, 2, 3, 4

_OPENING_DOMAIN = b"meshnode parcel opening v1\0"
_COMMITMENT_DOMAIN = b"meshnode parcel key v1\0"
_CLAIM_DOMAIN = b"meshnode parcel claim v1\0"


class CardClaim(Struct, frozen=True):
    """Says that the sender uses a card of the addressee's: the card's id, and the proof of its secret."""

    card: bytes
    proof: bytes

    def __post_init__(self) -> None:
        check_bytes("card", self.card, CARD_ID_BYTES)
        check_bytes("proof", self.proof, _PROOF_BYTES)


class Opening(Struct, frozen=True):
    """The statement with which a part begins: for whom it is, when it was made, and whether its sender uses a card."""

    parcel: bytes
    """Its id, drawn at random for this part alone."""
    made: int
    addressee: PersonId
    claim: CardClaim | None = None

    def __post_init__(self) -> None:
        check_bytes("parcel", self.parcel, PARCEL_ID_BYTES)
        check_number("made", self.made, 0, TIME_MAX)
        check_bytes("addressee", self.addressee, KEY_BYTES)

    def message(self, key: bytes) -> bytes:
        """Return the bytes that the sender's device signs; `key` is that of the part."""
        commitment = blake2b(_COMMITMENT_DOMAIN, key=key, digest_size=32).digest()
        return _OPENING_DOMAIN + encode((*self._fields(), commitment))

    def _fields(self) -> tuple[Value, ...]:
        claim = None if self.claim is None else (self.claim.card, self.claim.proof)
        return self.parcel, self.made, self.addressee, claim


class SignedOpening(Struct, frozen=True):
    """The first frame of a part: the opening, the sender's certificate with what else they show, and the signature."""

    opening: Opening
    records: tuple[bytes, ...]
    signature: bytes

    def __post_init__(self) -> None:
        check_bytes("signature", self.signature, SIGNATURE_BYTES)

    def check(self, key: bytes, addressee: PersonId) -> tuple[Record, list[Record]]:
        """Return the certificate of the sender's device, and the other records that the sender shows.

        RemoteError if the certificate breaks its rules, FORGED if the signature does not hold, REFUSED where the part is for
        somebody else. Whether the certificate has expired or the device was revoked is not judged.
        """
        certificate, *others = [Record.parse(wire) for wire in self.records]
        check_certificate(certificate)
        if not verify(certificate.header.device, self.opening.message(key), self.signature):
            raise RemoteError(Code.FORGED, "the opening's signature does not hold")
        if self.opening.addressee != addressee:
            raise RemoteError(Code.REFUSED, "the part is for somebody else")
        return certificate, others


class ParcelReceipt(Struct, frozen=True):
    """Says that a part has been taken in, apart from the records that could not be taken by then.

    Those are named by the first eight bytes of their ids.
    """

    parcel: bytes
    not_taken: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        check_bytes("parcel", self.parcel, PARCEL_ID_BYTES)
        for prefix in self.not_taken:
            check_bytes("record", prefix, ID_PREFIX_BYTES)


class ParcelReceipts(Struct, frozen=True):
    """A frame that says which parts of its addressee the sender has taken in."""

    entries: tuple[ParcelReceipt, ...]


class ParcelRecords(Struct, frozen=True):
    """A frame of records, whole or headers alone."""

    entries: tuple[bytes, ...]


class ParcelPhoto(Struct, frozen=True):
    """A frame with a part of a photo that a listing names; the parts of one photo follow each other."""

    photo: PhotoHash
    data: bytes

    def __post_init__(self) -> None:
        check_bytes("photo", self.photo, PHOTO_HASH_BYTES)


ParcelFrame: TypeAlias = "SignedOpening | ParcelReceipts | ParcelRecords | ParcelPhoto"


def claim_proof(secret: bytes, claimant: PersonId, giver: PersonId) -> bytes:
    """Return the proof that `claimant` has the secret of a card of `giver`: 32 bytes that fit nobody else."""
    return blake2b(_CLAIM_DOMAIN + claimant + giver, key=secret, digest_size=_PROOF_BYTES).digest()


def proves(claim: CardClaim, secret: bytes, claimant: PersonId, giver: PersonId) -> bool:
    """Whether the claim was made by somebody who has the card's secret, for this claimant."""
    return hmac.compare_digest(claim.proof, claim_proof(secret, claimant, giver))


def sign_opening(
    opening: Opening, key: bytes, records: tuple[bytes, ...], sign: Callable[[bytes], bytes]
) -> SignedOpening:
    """Return the first frame of the part with this key. `sign` signs for the sender's device."""
    return SignedOpening(opening, records, sign(opening.message(key)))


def encode_parcel_frame(frame: ParcelFrame) -> bytes:
    """Return the bytes of a frame."""
    match frame:
        case SignedOpening(opening, records, signature):
            claim = None if opening.claim is None else (opening.claim.card, opening.claim.proof)
            return encode((_OPENING, opening.parcel, opening.made, opening.addressee, claim, records, signature))
        case ParcelReceipts(entries):
            return encode((_RECEIPTS, tuple((one.parcel, one.not_taken) for one in entries)))
        case ParcelRecords(entries):
            return encode((_RECORDS, entries))
        case ParcelPhoto(photo, data):
            return encode((_PHOTO, photo, data))


@parses
def read_parcel_frame(data: bytes) -> ParcelFrame | None:
    """Return the frame in `data`; None for one of a type that this version does not know.

    RemoteError MALFORMED or OVERSIZED where it breaks the rules of its form.
    """
    fields = decode(data, max_bytes=FRAME_MAX_BYTES)
    if not isinstance(fields, tuple) or not fields or type(fields[0]) is not int:
        raise RemoteError(Code.MALFORMED, "a frame is an array that begins with its type")
    reader = _READERS.get(fields[0])
    if reader is None:
        return None
    known, read = reader
    if len(fields) <= known:
        raise RemoteError(Code.MALFORMED, "a frame lacks fields")
    return read(*fields[1 : known + 1])


def _read_opening(
    parcel: Value, made: Value, addressee: Value, claim: Value, records: Value, signature: Value
) -> SignedOpening:
    shown = _byte_strings(records, IDENTIFICATION_RECORDS_MAX)
    if not shown:
        raise RemoteError(Code.MALFORMED, "a parcel names its sender")
    opening = Opening(parcel, made, addressee, None if claim is None else CardClaim(*_pair(claim)))  # type: ignore[arg-type]
    return SignedOpening(opening, shown, signature)  # type: ignore[arg-type]


def _read_receipts(entries: Value) -> ParcelReceipts:
    found = []
    for entry in _items(entries, PARCEL_RECEIPTS_MAX):
        parcel, not_taken = _pair(entry)
        found.append(ParcelReceipt(parcel, _byte_strings(not_taken, PARCEL_NOT_TAKEN_MAX)))  # type: ignore[arg-type]
    return ParcelReceipts(tuple(found))


def _read_records(entries: Value) -> ParcelRecords:
    return ParcelRecords(_byte_strings(entries, RECORDS_PER_FRAME_MAX))


def _read_photo(photo: Value, data: Value) -> ParcelPhoto:
    if not isinstance(data, bytes) or not data:
        raise RemoteError(Code.MALFORMED, "a part of a photo has bytes")
    if len(data) > PHOTO_PART_BYTES:
        raise RemoteError(Code.OVERSIZED, f"a part of a photo of {len(data)} bytes")
    return ParcelPhoto(photo, data)  # type: ignore[arg-type]


_READERS: dict[int, tuple[int, Callable[..., ParcelFrame]]] = {
    _OPENING: (6, _read_opening),
    _RECEIPTS: (1, _read_receipts),
    _RECORDS: (1, _read_records),
    _PHOTO: (2, _read_photo),
}
"""The known types, each with the number of its fields."""


def _pair(value: Value) -> tuple[Value, Value]:
    if not isinstance(value, tuple) or len(value) != 2:
        raise RemoteError(Code.MALFORMED, "not a pair")
    return value


def _items(value: Value, most: int) -> tuple[Value, ...]:
    if not isinstance(value, tuple):
        raise RemoteError(Code.MALFORMED, "not an array")
    if len(value) > most:
        raise RemoteError(Code.OVERSIZED, f"more than {most} entries")
    return value


def _byte_strings(value: Value, most: int) -> tuple[bytes, ...]:
    found = [one for one in _items(value, most) if isinstance(one, bytes)]
    if len(found) != len(_items(value, most)):
        raise RemoteError(Code.MALFORMED, "not byte strings")
    return tuple(found)
