"""Makes the vectors of parcels: sizes, beginnings, sealed parts, whole parcels, and refused ones."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from msgspec.structs import replace

from conformance.parcels import parcel_of_one
from protocol import decode, encode, photo_hash, photo_parts
from protocol.limits import DEVICE_LIFE, PARCEL_BOXES_MAX, PARCEL_CHUNKS_MAX
from protocol.parcels import (
    CardClaim,
    Opening,
    ParcelPhoto,
    ParcelReceipt,
    ParcelReceipts,
    ParcelRecords,
    Part,
    PartWriter,
    SignedOpening,
    beginning,
    boxes_of,
    claim_proof,
    encode_parcel_frame,
    part_key,
    sign_opening,
    size_class,
)
from protocol.steps import complete
from tests.support.malformed_records import rewritten
from tests.support.people import NOW, Person, grown

ALICE, BOB, CAROL = Person("Alice"), Person("Bob"), Person("Carol")
ENTROPY = grown("parcel")
KEY = part_key(ENTROPY, 0)
SECRET = grown("card secret")
CLAIM = CardClaim(grown("card", size=16), claim_proof(SECRET, ALICE.id, BOB.id))
OPENING = Opening(grown("parcel id", size=16), NOW, BOB.id)


def opened(opening: Opening = OPENING, sender: Person = ALICE, *, key: bytes = KEY) -> SignedOpening:
    """Return the first frame of a part by `sender`."""
    return sign_opening(opening, key, (sender.certificate().wire,), sender.keys.sign)


RECEIPTS = ParcelReceipts((ParcelReceipt(grown("came", size=16)), ParcelReceipt(grown("too", size=16), (bytes(8),))))
PHOTO = bytes(range(200))
RECORDS = ParcelRecords((ALICE.certificate().wire, ALICE.profile().without_body().wire))
FRAMES: dict[str, list[Any]] = {
    "an opening alone": [opened()],
    "with the use of a card": [opened(replace(OPENING, claim=CLAIM))],
    "receipts and records": [opened(), RECEIPTS, RECORDS],
    "a photo": [
        opened(),
        *(ParcelPhoto(photo_hash(ALICE.id, PHOTO), part) for part in photo_parts(PHOTO)),
    ],
}


def encoded(frames: list[Any]) -> list[bytes]:
    """Return the bytes of frames; bytes stay as they are."""
    return [frame if isinstance(frame, bytes) else encode_parcel_frame(frame) for frame in frames]


def plain(frames: list[Any], *, end: bytes = bytes(2)) -> bytes:
    """Return what the chunks of a part hold."""
    return b"".join(len(frame).to_bytes(2, "big") + frame for frame in encoded(frames)) + end


def whole(*, first: int = 1, count: int | None = None) -> tuple[bytes, bytes]:
    """Return a parcel for Bob, its beginning and its chunks: one of noise, then those of the part, then noise."""
    writer = PartWriter(KEY)
    chunks = [chunk for frame in encoded(FRAMES["receipts and records"]) for chunk in writer.add(frame)]
    chunks += writer.finish()
    place = Part(KEY, first, len(chunks) if count is None else count)
    return parcel_of_one(place, BOB.keys.letter_public, chunks, entropy=ENTROPY)


def parcels_vectors() -> dict[str, Any]:
    begun, chunks = whole()
    return {
        "sizes": [
            {
                "chunks": chunks,
                "boxes": boxes,
                "class": size_class(chunks, boxes),
                "boxes_of": boxes_of(size_class(chunks, boxes)),
            }
            for chunks, boxes in (
                (1, 0),
                (4, 1),
                (9, 1),
                (63, 32),
                (65, 1),
                (1, 33),
                (129, 1),
                (1000, 500),
                (PARCEL_CHUNKS_MAX, PARCEL_BOXES_MAX),
            )
        ],
        "proofs": [
            {"secret": SECRET.hex(), "claimant": ALICE.id.hex(), "giver": BOB.id.hex(), "proof": CLAIM.proof.hex()}
        ],
        "beginnings": [
            {
                "case": "a part for Bob and one for Carol",
                "entropy": ENTROPY.hex(),
                "chunks": 4,
                "parts": [
                    {"key": KEY.hex(), "first": 1, "count": 1, "letter_keys": [BOB.keys.letter_public.hex()]},
                    {
                        "key": part_key(ENTROPY, 1).hex(),
                        "first": 2,
                        "count": 1,
                        "letter_keys": [CAROL.keys.letter_public.hex()],
                    },
                ],
                "bytes": complete(
                    beginning(
                        [
                            (Part(KEY, 1, 1), [BOB.keys.letter_public]),
                            (Part(part_key(ENTROPY, 1), 2, 1), [CAROL.keys.letter_public]),
                        ],
                        4,
                        ENTROPY,
                    )
                ).hex(),
            }
        ],
        "parts": [
            {
                "case": case,
                "key": KEY.hex(),
                "addressee": BOB.id.hex(),
                "frames": [frame.hex() for frame in encoded(frames)],
                "chunks": _hashes(encoded(frames)),
                "plain": plain(frames).hex(),
                "sender": ALICE.id.hex(),
                "device": ALICE.device.hex(),
            }
            for case, frames in FRAMES.items()
        ],
        "newer": [
            {
                "case": "a frame of an unknown type, and further fields of a known one",
                "key": KEY.hex(),
                "addressee": BOB.id.hex(),
                "plain": plain([opened(), encode((99, "later")), encode((3, (), "more"))]).hex(),
                "frames": [frame.hex() for frame in encoded([opened(), ParcelRecords(())])],
            }
        ],
        "whole": {
            "case": "a parcel for Bob",
            "private_keys": [BOB.keys.letter_private.hex()],
            "addressee": BOB.id.hex(),
            "bytes": (begun + chunks).hex(),
            "frames": [frame.hex() for frame in encoded(FRAMES["receipts and records"])],
        },
        "refused_parcels": _refused_parcels(begun),
        "refused_parts": [
            {"case": case, "plain": (plain(frames) if isinstance(frames, list) else frames).hex(), "code": code}
            for case, code, frames in _refused_parts()
        ],
    }


def _hashes(frames: list[bytes]) -> list[str]:
    writer = PartWriter(KEY)
    chunks = [chunk for frame in frames for chunk in writer.add(frame)]
    return [blake2b(chunk, digest_size=32).hexdigest() for chunk in [*chunks, *writer.finish()]]


def _refused_parcels(begun: bytes) -> list[dict[str, Any]]:
    """Return changes of the whole parcel: bytes at a place, or its length."""
    second_chunk = len(begun) + 2 * 16_384
    return [
        {"case": "another file", "at": 0, "bytes": b"X".hex(), "code": "MALFORMED"},
        {"case": "of a newer version", "at": 15, "bytes": "02", "code": "VERSION"},
        {"case": "of three chunks", "at": 16, "bytes": "00000003", "code": "OVERSIZED"},
        {"case": "of more chunks than a parcel has", "at": 16, "bytes": "00014000", "code": "OVERSIZED"},
        {"case": "of nine chunks, which are no class", "at": 16, "bytes": "00000009", "code": "MALFORMED"},
        {"case": "for somebody else", "private_keys": [CAROL.keys.letter_private.hex()], "code": "REFUSED"},
        {"case": "with a byte changed", "at": second_chunk - 5, "bytes": "ff", "code": "FORGED"},
        {"case": "cut within the part", "length": second_chunk - 5, "code": "MALFORMED"},
        {"case": "cut within the boxes", "length": 100, "code": "MALFORMED"},
        {"case": "with a part of no chunks", "beginning": whole(count=0)[0].hex(), "code": "MALFORMED"},
        {"case": "with a part that leads out of it", "beginning": whole(count=4)[0].hex(), "code": "MALFORMED"},
    ]


def _fields(frame: Any, **changed: object) -> bytes:
    """Return a frame with some of its fields changed, by their numbers."""
    fields = list(decode(encode_parcel_frame(frame), max_bytes=70_000))  # type: ignore[arg-type]
    for name, value in changed.items():
        fields[int(name[1:])] = value  # type: ignore[call-overload]
    return encode(tuple(fields))


def _signed_by_another(opening: Opening = OPENING) -> SignedOpening:
    return SignedOpening(opening, (ALICE.certificate().wire,), BOB.keys.sign(opening.message(KEY)))


def _refused_parts() -> list[tuple[str, str, Any]]:
    """Return parts that break one rule each, with the code: frames, or what the chunks hold."""
    shown = opened()
    forged = bytearray(ALICE.certificate().wire)
    at = forged.index(ALICE.certificate().signature)
    forged[at] ^= 1
    return [
        ("a frame that is no array", "MALFORMED", [shown, encode(3)]),
        ("an empty array", "MALFORMED", [shown, encode(())]),
        ("an array that begins with text", "MALFORMED", [shown, encode(("3", ()))]),
        ("a frame that is no encoding", "MALFORMED", [shown, b"\xc1"]),
        ("a frame without its field", "MALFORMED", [shown, encode((3,))]),
        ("a frame that is too long", "OVERSIZED", plain([shown], end=b"\xff\xf0" + bytes(40))),
        ("a part that ends within a frame", "MALFORMED", plain([shown], end=b"\x7f\xf0" + bytes(40))),
        ("no opening", "OUT_OF_ORDER", []),
        ("records before the opening", "OUT_OF_ORDER", [RECORDS, shown]),
        ("two openings", "OUT_OF_ORDER", [shown, shown]),
        ("a parcel's id of 15 bytes", "MALFORMED", [_fields(shown, f1=bytes(15))]),
        ("a time that is text", "MALFORMED", [_fields(shown, f2="now")]),
        ("a time before all time", "MALFORMED", [_fields(shown, f2=-1)]),
        ("an addressee of 31 bytes", "MALFORMED", [_fields(shown, f3=bytes(31))]),
        ("a claim that is no pair", "MALFORMED", [_fields(shown, f4=(bytes(16),))]),
        ("a claim that is a number", "MALFORMED", [_fields(shown, f4=1)]),
        ("a card's id of 15 bytes", "MALFORMED", [_fields(shown, f4=(bytes(15), bytes(32)))]),
        ("a proof of 31 bytes", "MALFORMED", [_fields(shown, f4=(bytes(16), bytes(31)))]),
        ("an opening without a certificate", "MALFORMED", [_fields(shown, f5=())]),
        ("an opening with nine records", "OVERSIZED", [_fields(shown, f5=(ALICE.certificate().wire,) * 9)]),
        ("records that are text", "MALFORMED", [_fields(shown, f5=(ALICE.certificate().wire, "more"))]),
        ("records that are no array", "MALFORMED", [_fields(shown, f5=3)]),
        ("a signature of 63 bytes", "MALFORMED", [_fields(shown, f6=bytes(63))]),
        ("a certificate that is no record", "MALFORMED", [_fields(shown, f5=(b"\x90",))]),
        ("a profile in place of the certificate", "FORGED", [_by(ALICE, ALICE.profile().wire)]),
        ("a revocation in place of the certificate", "FORGED", [_by(ALICE, ALICE.revocation().wire)]),
        ("the header of a certificate alone", "FORGED", [_by(ALICE, ALICE.certificate().without_body().wire)]),
        ("a certificate whose life is too long", "EXPIRED", [_by(ALICE, _long_lived())]),
        ("a certificate whose body says revoked", "MALFORMED", [_by(ALICE, _says_revoked())]),
        ("a certificate whose signature does not hold", "FORGED", [_by(ALICE, bytes(forged))]),
        ("an opening that another device signed", "FORGED", [_signed_by_another()]),
        ("an opening for another part", "FORGED", [opened(key=part_key(ENTROPY, 1))]),
        ("a part for somebody else", "REFUSED", [opened(replace(OPENING, addressee=CAROL.id))]),
        ("receipts that are no array", "MALFORMED", [shown, encode((2, 3))]),
        ("65 receipts", "OVERSIZED", [shown, encode((2, ((bytes(16), ()),) * 65))]),
        ("a receipt that is no pair", "MALFORMED", [shown, encode((2, ((bytes(16),),)))]),
        ("a receipt of a parcel with an id of 15 bytes", "MALFORMED", [shown, encode((2, ((bytes(15), ()),)))]),
        ("a receipt that names a record by 7 bytes", "MALFORMED", [shown, encode((2, ((bytes(16), (bytes(7),)),)))]),
        ("a receipt that names 1,001 records", "OVERSIZED", [shown, encode((2, ((bytes(16), (bytes(8),) * 1001),)))]),
        ("a photo's name of 31 bytes", "MALFORMED", [shown, encode((4, bytes(31), b"x"))]),
        ("a part of a photo that is text", "MALFORMED", [shown, encode((4, bytes(32), "x"))]),
        ("an empty part of a photo", "MALFORMED", [shown, encode((4, bytes(32), b""))]),
        ("a part of a photo of 40,001 bytes", "OVERSIZED", [shown, encode((4, bytes(32), bytes(40_001)))]),
        ("513 records in one frame", "OVERSIZED", [shown, encode((3, (b"",) * 513))]),
    ]


def _long_lived() -> bytes:
    """Return a certificate that lives longer than one may."""
    until = NOW + DEVICE_LIFE + 1
    return rewritten(ALICE, ALICE.certificate(), expires=until, latest_expiry=until).wire


def _says_revoked() -> bytes:
    """Return a certificate with the body of a revocation."""
    return rewritten(ALICE, ALICE.certificate(), body=ALICE.revocation().body).wire


def _by(sender: Person, first: bytes) -> SignedOpening:
    """Return an opening with this record in place of the certificate."""
    return SignedOpening(OPENING, (first,), sender.keys.sign(OPENING.message(KEY)))
