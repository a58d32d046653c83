"""Answers questions about parcels."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from conformance.asked import Asked, Told, unhexed
from protocol.parcels import (
    PARCEL_HEAD_BYTES,
    ParcelFrame,
    ParcelReader,
    Part,
    PartWriter,
    SignedOpening,
    beginning,
    boxes_of,
    claim_proof,
    encode_parcel_frame,
    padding_chunk,
    parcel_size,
    size_class,
)
from protocol.parcels.sealing import PARCEL_CHUNK_PLAIN, seal_chunk
from protocol.steps import complete

PRIVATE_OF_ONE = bytes(31) + b"\1"
PUBLIC_OF_ONE = bytes.fromhex("fd3384e132ad02a56c78f45547ee40038dc79002b90d29ed90e08eee762ae715")
"""A pair of letter keys for parts that are only read."""


def parcel_of_one(
    part: Part, letter_key: bytes, chunks: list[bytes], *, entropy: bytes = bytes(32)
) -> tuple[bytes, bytes]:
    """Return a parcel with one part for the holder of this letter key, its beginning and its chunks; noise fills it up.

    The chunks lie where `part` says, unless it says what no honest writer would.
    """
    size = size_class(part.first + len(chunks))
    noise = [padding_chunk(entropy, number) for number in range(size - len(chunks))]
    begun = complete(beginning([(part, [letter_key])], size, entropy))
    return begun, b"".join([*noise[: part.first], *chunks, *noise[part.first :]])


def chunks_holding(key: bytes, plain: bytes) -> list[bytes]:
    """Return the chunks of a part that hold any bytes."""
    pieces = [plain[at : at + PARCEL_CHUNK_PLAIN] for at in range(0, len(plain), PARCEL_CHUNK_PLAIN)]
    return [seal_chunk(key, number, piece) for number, piece in enumerate(pieces or [b""])]


def _size(asked: Asked) -> Told:
    chunks = size_class(asked["chunks"], asked["boxes"])
    return {"chunks": chunks, "boxes": boxes_of(chunks)}


def _begin(asked: Asked) -> Told:
    parts = [
        (
            Part(bytes.fromhex(part["key"]), part["first"], part["count"]),
            [bytes.fromhex(key) for key in part["letter_keys"]],
        )
        for part in asked["parts"]
    ]
    return {"bytes": complete(beginning(parts, asked["chunks"], bytes.fromhex(asked["entropy"]))).hex()}


def _seal(asked: Asked) -> Told:
    """Seal the frames of a part; its chunks are long, and are answered as their hashes."""
    writer = PartWriter(bytes.fromhex(asked["key"]))
    chunks = [chunk for frame in asked["frames"] for chunk in writer.add(bytes.fromhex(frame))]
    chunks += writer.finish()
    return {"chunks": [blake2b(chunk, digest_size=32).hexdigest() for chunk in chunks]}


def _proof(asked: Asked) -> Told:
    return {"proof": claim_proof(*unhexed(asked, "secret", "claimant", "giver")).hex()}


def _read_parcel(asked: Asked) -> Told:
    reader = ParcelReader([bytes.fromhex(key) for key in asked["private_keys"]])
    frames = reader.receive(bytes.fromhex(asked["bytes"]))
    reader.finish()
    return {
        "size": parcel_size(bytes.fromhex(asked["bytes"])[:PARCEL_HEAD_BYTES]),
        **_told(frames, reader.key, bytes.fromhex(asked["addressee"])),
    }


def _read_part(asked: Asked) -> Told:
    """Read what the chunks of a part hold, by sealing them first."""
    key, plain, addressee = unhexed(asked, "key", "plain", "addressee")
    chunks = chunks_holding(key, plain)
    reader = ParcelReader([PRIVATE_OF_ONE])
    frames = reader.receive(b"".join(parcel_of_one(Part(key, 0, len(chunks)), PUBLIC_OF_ONE, chunks)))
    reader.finish()
    return _told(frames, key, addressee)


def _told(frames: list[ParcelFrame], key: bytes, addressee: bytes) -> dict[str, Any]:
    opening = frames[0]
    assert isinstance(opening, SignedOpening), "the reader has checked"
    certificate, others = opening.check(key, addressee)
    return {
        "sender": certificate.header.author.hex(),
        "device": certificate.header.device.hex(),
        "shown": [record.wire.hex() for record in others],
        "frames": [encode_parcel_frame(frame).hex() for frame in frames],
    }


OPERATIONS: dict[str, dict[str, Callable[[Asked], Told]]] = {
    "parcel.json": {
        "size": _size,
        "begin": _begin,
        "seal": _seal,
        "proof": _proof,
        "read parcel": _read_parcel,
        "read part": _read_part,
    }
}
