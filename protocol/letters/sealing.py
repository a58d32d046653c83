"""Letters: sealing what one person says to another so that nobody who carries it can read it (README, "Letters").

The content lies once under a key drawn for this letter, and the key in a sealed box for each device that may open it.
Author, addressee and slot are inside too: whoever signs another's ciphertext anew is found out when it is opened. No
randomness is drawn here: all of it is grown from the bytes that `seal` is given, and from what it seals.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import ClassVar, Protocol, Self, TypeAlias

from nacl import bindings
from nacl.exceptions import CryptoError

from protocol.codec import Value, decode_array, encode
from protocol.errors import Code, InvalidField, LocalError, RemoteError
from protocol.keys import KEY_BYTES, DeviceId, PersonId
from protocol.letters.introduction import Introduction
from protocol.letters.move import Move
from protocol.letters.receipt import Receipt
from protocol.limits import (
    LETTER_BOXES_MAX,
    LETTER_BOXES_STEP,
    LETTER_ITEMS_MAX,
    LETTER_SIZES,
    LETTER_TAG_BYTES,
    SALT_BYTES,
)
from protocol.records.letter import NONCE_BYTES, Letter
from protocol.records.record import Header

SEAL_ENTROPY_BYTES = 32
"""What `seal` takes: fresh for each letter, and fit for keys."""

_TAG_DOMAIN = b"meshnode letter tag v1\0"
_SEED_DOMAIN = b"meshnode letter seed v1\0"
_NONCE_DOMAIN = b"meshnode letter nonce v1\0"
_PART_DOMAIN = b"meshnode letter part v1\0"
_END = b"\x80"  # where the padding begins: zeros to the end (ISO/IEC 7816-4)
_FIELDS = 5


class Content(Protocol):
    """What a letter can say: a frozen dataclass that checks itself, each kind in a file of its own."""

    NUMBER: ClassVar[int]

    def to_fields(self) -> tuple[Value, ...]:
        """What `from_fields` reads."""

    @classmethod
    def from_fields(cls, fields: tuple[Value, ...]) -> Self:
        """The content of these fields. InvalidField if they are none."""


_KINDS: tuple[type[Content], ...] = (Receipt, Move, Introduction)

CONTENTS: dict[int, type[Content]] = {kind.NUMBER: kind for kind in _KINDS}
"""The kinds of contents by the number that is inside of letters."""

_Inside: TypeAlias = tuple[PersonId, PersonId, bytes, int, tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class OpenedLetter:
    """A letter that was opened, its author proved. `created` is the author's clock, UNIX seconds."""

    author: PersonId
    addressee: PersonId
    slot: bytes
    number: int
    content: Content | None
    """None: of a kind that this version does not know."""
    created: int
    device: DeviceId


def letter_tag(author: PersonId, addressee: PersonId, slot: bytes) -> bytes:
    """How a letter says whom it is for: 16 bytes, other ones for each letter, that only who knows the addressee can test."""
    return blake2b(_TAG_DOMAIN + author + slot, key=addressee, digest_size=LETTER_TAG_BYTES).digest()


def seal(
    content: Content,
    *,
    author: PersonId,
    addressee: PersonId,
    slot: bytes,
    letter_keys: Collection[bytes],
    entropy: bytes,
) -> Letter:
    """The letter that says `content` to whoever has the private half of one of `letter_keys` (X25519, at most 16).

    `entropy` is SEAL_ENTROPY_BYTES fresh random bytes. InvalidField if the content is too long for any letter.
    """
    if len(entropy) != SEAL_ENTROPY_BYTES:
        raise LocalError(f"a letter is sealed with {SEAL_ENTROPY_BYTES} random bytes")
    if not 0 < len(set(letter_keys)) <= LETTER_BOXES_MAX:
        raise LocalError(f"a letter is sealed to 1 to {LETTER_BOXES_MAX} keys")
    plain = _padded(encode((author, addressee, slot, content.NUMBER, content.to_fields())))
    grow = _Grower(entropy, plain)
    key = grow.bytes(b"key", KEY_BYTES)
    nonce = _nonce(key)
    keys = sorted(set(letter_keys))
    made_up = -len(keys) % LETTER_BOXES_STEP
    keys += [_public(grow.bytes(b"nobody", KEY_BYTES, number)) for number in range(made_up)]
    boxes = [_sealed_box(key, public, grow.bytes(b"box", KEY_BYTES, number)) for number, public in enumerate(keys)]
    return Letter(
        salt=grow.bytes(b"salt", SALT_BYTES),
        tag=letter_tag(author, addressee, slot),
        boxes=tuple(sorted(boxes)),
        nonce=nonce,
        sealed=bindings.crypto_secretbox(plain, nonce, key),
    )


def open_letter(header: Header, letter: Letter, private: bytes) -> OpenedLetter | None:
    """What the letter under `header` says, opened with a device's private letter key; None if it has no box for it.

    The header's signature must have been verified. RemoteError FORGED if another wrote what is inside, to another or
    for another slot; MALFORMED (InvalidField) if it is not what letters say.
    """
    key = _key_for(private, letter.boxes)
    if key is None:
        return None
    if not hmac.compare_digest(_nonce(key), letter.nonce):
        raise RemoteError(Code.FORGED, "the letter's key is not the one for all")
    try:
        plain = bindings.crypto_secretbox_open(letter.sealed, letter.nonce, key)
    except CryptoError:
        raise RemoteError(Code.FORGED, "the letter's key does not open it") from None
    author, addressee, slot, number, fields = _read(plain)
    if (author, slot) != (header.author, header.slot):
        raise RemoteError(Code.FORGED, "somebody else wrote this, or another letter")
    if letter.tag != letter_tag(author, addressee, slot):
        raise RemoteError(Code.FORGED, "the letter's tag is not its addressee's")
    kind = CONTENTS.get(number)
    content = None if kind is None else kind.from_fields(fields)
    return OpenedLetter(author, addressee, slot, number, content, header.created, header.device)


# --- What is inside --------------------------------------------------------------------------------------------------


def _padded(plain: bytes) -> bytes:
    for size in LETTER_SIZES:
        if len(plain) < size:
            return (plain + _END).ljust(size, b"\0")
    raise InvalidField("letter", "must not be so long: shorten it")


def _read(padded: bytes) -> _Inside:
    plain = padded.rstrip(b"\0")
    if not plain.endswith(_END):
        raise RemoteError(Code.MALFORMED, "a letter's padding is not right")
    author, addressee, slot, number, fields = decode_array(
        plain[: -len(_END)], length=_FIELDS, max_bytes=LETTER_SIZES[-1], max_items=LETTER_ITEMS_MAX
    )
    if not (
        isinstance(author, bytes)
        and isinstance(addressee, bytes)
        and isinstance(slot, bytes)
        and type(number) is int
        and isinstance(fields, tuple)
    ):
        raise RemoteError(Code.MALFORMED, "a letter's field is of another type")
    if len(addressee) != KEY_BYTES:
        raise RemoteError(Code.MALFORMED, "a key is 32 bytes")
    return author, addressee, slot, number, fields


# --- Boxes -----------------------------------------------------------------------------------------------------------


class _Grower:
    """Secret bytes grown from the entropy and from what is sealed: entropy used twice gives the same for the same only."""

    def __init__(self, entropy: bytes, plain: bytes) -> None:
        self._seed = blake2b(_SEED_DOMAIN + plain, key=entropy).digest()

    def bytes(self, purpose: bytes, length: int, number: int = 0) -> bytes:
        """Bytes for one purpose only."""
        return blake2b(_PART_DOMAIN + purpose + bytes([number]), key=self._seed, digest_size=length).digest()


def _nonce(key: bytes) -> bytes:
    return blake2b(_NONCE_DOMAIN, key=key, digest_size=NONCE_BYTES).digest()


def _public(private: bytes) -> bytes:
    return bindings.crypto_scalarmult_base(private)


def _sealed_box(key: bytes, public: bytes, ephemeral: bytes) -> bytes:
    """libsodium's sealed box (crypto_box_seal) around `key`, its ephemeral private key being given."""
    shown = _public(ephemeral)
    nonce = blake2b(shown + public, digest_size=NONCE_BYTES).digest()
    return shown + bindings.crypto_box(key, nonce, public, ephemeral)


def _key_for(private: bytes, boxes: Iterable[bytes]) -> bytes | None:
    public = _public(private)
    for box in boxes:
        try:
            return bindings.crypto_box_seal_open(box, public, private)
        except CryptoError:
            continue
    return None
