"""The body of a letter, as its carriers see it. Sealing and opening are in protocol/letters/sealing.py."""

from __future__ import annotations

from msgspec import Struct

from protocol.codec import encode
from protocol.errors import InvalidField
from protocol.fields import check_bytes, check_salt, parses, read_fields
from protocol.limits import (
    LETTER_BOXES_MAX,
    LETTER_BOXES_STEP,
    LETTER_SIZES,
    LETTER_TAG_BYTES,
    RECORD_MAX_BYTES,
)

BOX_BYTES = 80  # libsodium's sealed box around a key: an ephemeral key (32), a MAC (16), the key (32)
NONCE_BYTES = 24
MAC_BYTES = 16
_FIELDS = 5
_SEALED_BYTES = frozenset(size + MAC_BYTES for size in LETTER_SIZES)


class Letter(Struct, frozen=True):
    """A message sealed to the devices of one person, whom only those who know that person's key recognize."""

    salt: bytes
    tag: bytes
    """The name of the addressee for those who know their key, see `letters.letter_tag`."""
    boxes: tuple[bytes, ...]
    """The key in one sealed box for each device that may open it, and decoy boxes; in ascending order of their bytes."""
    nonce: bytes
    """A hash of the key, so that the boxes cannot hold different keys and the letter reads the same on every device."""
    sealed: bytes
    """The content under that key, padded to one of a few sizes."""

    def __post_init__(self) -> None:
        check_salt(self.salt)
        check_bytes("tag", self.tag, LETTER_TAG_BYTES)
        if type(self.boxes) is not tuple:
            raise InvalidField("boxes", "must be a list")
        if not 0 < len(self.boxes) <= LETTER_BOXES_MAX or len(self.boxes) % LETTER_BOXES_STEP:
            raise InvalidField("boxes", f"must be {LETTER_BOXES_STEP} or a multiple of it, {LETTER_BOXES_MAX} at most")
        for box in self.boxes:
            check_bytes("box", box, BOX_BYTES)
        if any(one >= other for one, other in zip(self.boxes, self.boxes[1:], strict=False)):
            raise InvalidField("boxes", "must be in order, none twice")
        check_bytes("nonce", self.nonce, NONCE_BYTES)
        if type(self.sealed) is not bytes or len(self.sealed) not in _SEALED_BYTES:
            raise InvalidField("sealed content", "must be padded to one of the sizes that letters have")

    def to_body(self) -> bytes:
        """Return the bytes that `parse` reads."""
        return encode((self.salt, self.tag, self.boxes, self.nonce, self.sealed))

    @classmethod
    @parses
    def parse(cls, body: bytes) -> Letter:
        """Return the letter in `body`. RemoteError MALFORMED or OVERSIZED."""
        fields = read_fields(body, _FIELDS, RECORD_MAX_BYTES, LETTER_BOXES_MAX)
        return cls(*fields)
