"""Seals the parts of a parcel, so that nobody learns for whom they are, how many there are, or how long each is.

A parcel begins with a head and sealed boxes; chunks of one size follow. Each part is a run of chunks under a key of its
own, and a box for each device of its reader holds that key and says where the part lies. Boxes that nobody can open and
chunks of noise fill the parcel up to its size class. No randomness is drawn here: all secrets are derived from the random
bytes that a caller passes in. Spec: protocol/README.md, "Parcels".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain

from nacl import bindings
from nacl.exceptions import CryptoError

from protocol.boxes import SEAL_BYTES, BoxOpener, seal_box
from protocol.errors import Code, LocalError, RemoteError
from protocol.keys import KEY_BYTES, public_key
from protocol.limits import (
    FRAME_MAX_BYTES,
    PARCEL_BOXES_LEAST,
    PARCEL_BOXES_MAX,
    PARCEL_CHUNK_BYTES,
    PARCEL_CHUNKS_LEAST,
    PARCEL_CHUNKS_MAX,
    PARCEL_CHUNKS_PER_CLASS_OF_BOXES,
)
from protocol.steps import Steps

PARCEL_MAGIC = b"meshnode parcel"
PARCEL_VERSION = 1
PARCEL_HEAD_BYTES = len(PARCEL_MAGIC) + 1 + 4
"""The first bytes of a parcel: magic, version, and the number of its chunks."""
PARCEL_ENTROPY_BYTES = 32
"""The number of random bytes from which the secrets of a parcel are derived. They must be fresh for each parcel."""
PARCEL_CHUNK_PLAIN = PARCEL_CHUNK_BYTES - bindings.crypto_secretbox_MACBYTES
BOX_BYTES = KEY_BYTES + 8 + SEAL_BYTES

_KEY_DOMAIN = b"meshnode parcel part v1\0"
_CHUNK_DOMAIN = b"meshnode parcel chunk v1\0"
_SECRET_DOMAIN = b"meshnode parcel secret v1\0"
_NONCE_BYTES = 24
_LENGTH_BYTES = 2
_BOXES_A_STEP = 128  # some ten milliseconds


@dataclass(frozen=True, slots=True)
class Part:
    """The place of one part: its key, the number of its first chunk, and how many chunks it has."""

    key: bytes = field(repr=False)
    first: int
    count: int


def size_class(chunks: int, boxes: int = 0) -> int:
    """Return the number of chunks of the smallest parcel that has room for so many chunks and boxes.

    The classes are 4, 5, 6 and 7 times each power of two. LocalError where no parcel is that large.
    """
    if boxes > PARCEL_BOXES_MAX:
        raise LocalError(f"a parcel has at most {PARCEL_BOXES_MAX} boxes")
    for unit in (1 << power for power in range(PARCEL_CHUNKS_MAX.bit_length())):
        for times in range(PARCEL_CHUNKS_LEAST, 2 * PARCEL_CHUNKS_LEAST):
            found = unit * times
            if found >= chunks and found <= PARCEL_CHUNKS_MAX and boxes_of(found) >= boxes:
                return found
    raise LocalError(f"a parcel has at most {PARCEL_CHUNKS_MAX} chunks")


def boxes_of(chunks: int) -> int:
    """Return how many boxes a parcel with so many chunks has; nothing else decides about it."""
    boxes, covered = PARCEL_BOXES_LEAST, PARCEL_CHUNKS_PER_CLASS_OF_BOXES
    while covered < chunks and boxes < PARCEL_BOXES_MAX:
        boxes, covered = 2 * boxes, 2 * covered
    return boxes


def part_key(entropy: bytes, number: int) -> bytes:
    """Return the key of a parcel's part `number`."""
    return _derived(entropy, _KEY_DOMAIN, number)


def padding_chunk(entropy: bytes, number: int) -> bytes:
    """Return a chunk of noise, which looks like one of a part. `number` tells those of one parcel apart."""
    return seal_chunk(_derived(entropy, _SECRET_DOMAIN + b"noise", 0), number, b"")


def seal_chunk(key: bytes, number: int, plain: bytes) -> bytes:
    """Return chunk `number` of the part with this key; zeros fill it up."""
    return bindings.crypto_secretbox(plain.ljust(PARCEL_CHUNK_PLAIN, b"\0"), _nonce(key, number), key)


def open_chunk(key: bytes, number: int, sealed: bytes) -> bytes:
    """Return what chunk `number` of the part with this key holds. RemoteError FORGED if the key does not open it."""
    try:
        return bindings.crypto_secretbox_open(sealed, _nonce(key, number), key)
    except CryptoError:
        raise RemoteError(Code.FORGED, f"chunk {number} of the part was changed") from None


class PartWriter:
    """Cuts the frames of one part into sealed chunks. `chunks` counts those that it has given out."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._waiting = bytearray()
        self.chunks = 0

    def add(self, frame: bytes) -> Iterator[bytes]:
        """Yield the chunks that are full with this frame. LocalError if it is too long for any frame."""
        if not 0 < len(frame) <= FRAME_MAX_BYTES:
            raise LocalError(f"a frame has 1 to {FRAME_MAX_BYTES} bytes")
        self._waiting += len(frame).to_bytes(_LENGTH_BYTES, "big") + frame
        while len(self._waiting) >= PARCEL_CHUNK_PLAIN:
            yield self._next()

    def finish(self) -> Iterator[bytes]:
        """Yield the last chunks: a length of zero ends the part."""
        self._waiting += bytes(_LENGTH_BYTES)
        while self._waiting:
            yield self._next()

    def _next(self) -> bytes:
        plain = bytes(self._waiting[:PARCEL_CHUNK_PLAIN])
        del self._waiting[:PARCEL_CHUNK_PLAIN]
        sealed = seal_chunk(self._key, self.chunks, plain)
        self.chunks += 1
        return sealed


def beginning(parts: Sequence[tuple[Part, Collection[bytes]]], chunks: int, entropy: bytes) -> Steps[bytes]:
    """Return head and boxes of a parcel with so many chunks. With each part come the letter keys that are to open it.

    A large parcel has thousands of boxes, so they are sealed in steps.

    LocalError if `chunks` is no size class, or there are more keys than boxes.
    """
    if len(entropy) != PARCEL_ENTROPY_BYTES:
        raise LocalError(f"a parcel is made with {PARCEL_ENTROPY_BYTES} random bytes")
    wanted = [(part, public) for part, keys in parts for public in sorted(set(keys))]
    room = boxes_of(chunks)
    if size_class(chunks) != chunks or len(wanted) > room:
        raise LocalError("a parcel's size is that of its class, and has room for its boxes")
    nobody = Part(bytes(KEY_BYTES), 0, 0)
    for_nobody = (_derived(entropy, _SECRET_DOMAIN + b"nobody", number) for number in range(len(wanted), room))
    boxes: list[bytes] = []
    for part, public in chain(wanted, ((nobody, public_key(private)) for private in for_nobody)):
        if boxes and len(boxes) % _BOXES_A_STEP == 0:
            yield
        boxes.append(_box(part, public, _derived(entropy, _SECRET_DOMAIN + b"box", len(boxes))))
    head = PARCEL_MAGIC + bytes([PARCEL_VERSION]) + chunks.to_bytes(4, "big")
    return head + b"".join(sorted(boxes))


def read_head(head: bytes) -> int:
    """Return the number of chunks that a parcel's head names.

    RemoteError MALFORMED where this is no parcel, or no size class; VERSION for one of a later version.
    """
    if not head.startswith(PARCEL_MAGIC):
        raise RemoteError(Code.MALFORMED, "this is no parcel")
    if head[len(PARCEL_MAGIC)] != PARCEL_VERSION:
        raise RemoteError(Code.VERSION, f"a parcel of version {head[len(PARCEL_MAGIC)]}")
    chunks = int.from_bytes(head[-4:], "big")
    if not PARCEL_CHUNKS_LEAST <= chunks <= PARCEL_CHUNKS_MAX:
        raise RemoteError(Code.OVERSIZED, f"a parcel of {chunks} chunks")
    if size_class(chunks) != chunks:
        raise RemoteError(Code.MALFORMED, f"{chunks} chunks are no size class")
    return chunks


def parcel_size(head: bytes) -> int:
    """Return the bytes of the whole parcel that begins with this head. RemoteError as `read_head`."""
    chunks = read_head(head)
    return PARCEL_HEAD_BYTES + boxes_of(chunks) * BOX_BYTES + chunks * PARCEL_CHUNK_BYTES


def open_box(box: bytes, chunks: int, opener: BoxOpener) -> Part | None:
    """Return the part to which a box leads; None if it is not for this opener.

    RemoteError MALFORMED where it leads out of the parcel.
    """
    plain = opener.open(box)
    if plain is None:
        return None
    first, count = (int.from_bytes(plain[at : at + 4], "big") for at in (KEY_BYTES, KEY_BYTES + 4))
    if not count or first + count > chunks:
        raise RemoteError(Code.MALFORMED, "a part does not lie in its parcel")
    return Part(plain[:KEY_BYTES], first, count)


def _box(part: Part, public: bytes, ephemeral: bytes) -> bytes:
    place = part.key + part.first.to_bytes(4, "big") + part.count.to_bytes(4, "big")
    return seal_box(place, public, ephemeral)


def _nonce(key: bytes, number: int) -> bytes:
    return blake2b(_CHUNK_DOMAIN + number.to_bytes(4, "big"), key=key, digest_size=_NONCE_BYTES).digest()


def _derived(entropy: bytes, domain: bytes, number: int) -> bytes:
    return blake2b(domain + number.to_bytes(4, "big"), key=entropy, digest_size=KEY_BYTES).digest()
