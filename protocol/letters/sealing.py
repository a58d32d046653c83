"""Seals letters, so that no carrier can read them, and opens them (protocol/README.md, "Letters").

The content is encrypted once (libsodium's secretbox), under a key made for this letter, and the key is in one sealed box
for each device that may open it. Author, addressee and slot are encrypted too, so opening reveals when somebody has signed another author's
ciphertext as their own. No randomness is drawn here: all secrets are derived from the random bytes that `seal` is given
and from the plaintext.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import NamedTuple, TypeAlias

from nacl import bindings
from nacl.exceptions import CryptoError

from protocol.boxes import BoxOpener, seal_box
from protocol.codec import Value, decode_array, encode
from protocol.errors import Code, InvalidField, LocalError, RemoteError
from protocol.keys import KEY_BYTES, DeviceId, PersonId, public_key
from protocol.letters.contents import CONTENTS, Content, Receipt
from protocol.letters.handover import Handed, HandoverLetter
from protocol.limits import (
    LETTER_BOXES_MAX,
    LETTER_BOXES_STEP,
    LETTER_ITEMS_MAX,
    LETTER_SIZES,
    LETTER_TAG_BYTES,
    SALT_BYTES,
    SLOT_BYTES,
)
from protocol.records.letter import NONCE_BYTES, Letter
from protocol.records.record import Header

SEAL_ENTROPY_BYTES = 32
"""The number of random bytes that `seal` takes. They must be fresh for each letter, and good enough for keys."""

_TAG_DOMAIN = b"meshnode letter tag v1\0"
_RECEIPT_DOMAIN = b"meshnode receipt slot v1\0"
_SEED_DOMAIN = b"meshnode letter seed v1\0"
_NONCE_DOMAIN = b"meshnode letter nonce v1\0"
_PART_DOMAIN = b"meshnode letter part v1\0"
_END = b"\x80"  # begins the padding; zeros follow to the end (ISO/IEC 7816-4)
_FIELDS = 5


_Plain: TypeAlias = tuple[PersonId, PersonId, bytes, int, tuple[Value, ...]]
"""The encrypted fields: author, addressee, slot, number of the kind of content, fields of the content."""


@dataclass(frozen=True, slots=True)
class OpenedLetter:
    """A letter that was opened and whose author is proven. `created` is in UNIX seconds, by the author's clock."""

    author: PersonId
    addressee: PersonId
    slot: bytes
    number: int
    content: Content | None
    """None: a kind of content that this version does not know."""
    created: int
    device: DeviceId
    key: bytes = field(default=b"", repr=False, compare=False)
    """The key of its content: it proves to others what the author has written."""
    handed: tuple[OpenedLetter, ...] = ()
    """The letters that it hands over, opened likewise."""


class Sealed(NamedTuple):
    """A letter that was sealed, and the key of its content."""

    letter: Letter
    key: bytes


def letter_tag(author: PersonId, addressee: PersonId, slot: bytes) -> bytes:
    """Return the tag that names a letter's addressee: 16 bytes, different for each letter. Testing takes their key."""
    return blake2b(_TAG_DOMAIN + author + slot, key=addressee, digest_size=LETTER_TAG_BYTES).digest()


def receipt_slot(author: PersonId, addressee: PersonId) -> bytes:
    """Return the slot of the one register in which `author` says which letters of `addressee` were opened."""
    return blake2b(_RECEIPT_DOMAIN + author, key=addressee, digest_size=SLOT_BYTES).digest()


def seal(
    content: Content,
    *,
    author: PersonId,
    addressee: PersonId,
    slot: bytes,
    letter_keys: Collection[bytes],
    entropy: bytes,
) -> Letter:
    """Return the letter of `sealed`."""
    return sealed(
        content, author=author, addressee=addressee, slot=slot, letter_keys=letter_keys, entropy=entropy
    ).letter


def sealed(
    content: Content,
    *,
    author: PersonId,
    addressee: PersonId,
    slot: bytes,
    letter_keys: Collection[bytes],
    entropy: bytes,
) -> Sealed:
    """Return the letter that holds `content`, sealed to `letter_keys` (X25519 public keys of devices, 1 to 16), and its key.

    `entropy` is SEAL_ENTROPY_BYTES fresh random bytes. InvalidField if the content is too long for any letter.
    """
    if len(entropy) != SEAL_ENTROPY_BYTES:
        raise LocalError(f"a letter is sealed with {SEAL_ENTROPY_BYTES} random bytes")
    if not 0 < len(set(letter_keys)) <= LETTER_BOXES_MAX:
        raise LocalError(f"a letter is sealed to 1 to {LETTER_BOXES_MAX} keys")
    plain = _padded(encode((author, addressee, slot, content.NUMBER, content.to_fields())))
    derive = _Deriver(entropy, plain)
    key = derive.bytes(b"key", KEY_BYTES)
    nonce = _nonce(key)
    keys = sorted(set(letter_keys))
    decoys = -len(keys) % LETTER_BOXES_STEP
    keys += [public_key(derive.bytes(b"nobody", KEY_BYTES, number)) for number in range(decoys)]
    boxes = [seal_box(key, public, derive.bytes(b"box", KEY_BYTES, number)) for number, public in enumerate(keys)]
    letter = Letter(
        salt=derive.bytes(b"salt", SALT_BYTES),
        tag=letter_tag(author, addressee, slot),
        boxes=tuple(sorted(boxes)),
        nonce=nonce,
        sealed=bindings.crypto_secretbox(plain, nonce, key),
    )
    return Sealed(letter, key)


def open_letter(header: Header, letter: Letter, private: bytes) -> OpenedLetter | None:
    """Open the letter under `header` with a device's private letter key. None if the letter has no box for that device.

    The header's signature must have been verified before. RemoteError FORGED if author, addressee or slot inside are not
    those outside, the key does not hold, or a receipt is not in its slot; MALFORMED if the content breaks its rules. A
    letter that is handed over in it must hold likewise.
    """
    opener = BoxOpener(private)
    key = next((found for box in letter.boxes if (found := opener.open(box)) is not None), None)
    if key is None:
        return None
    opened = _open(header, letter, key)
    if not isinstance(opened.content, HandoverLetter):
        return opened
    return replace(opened, handed=tuple(_open_handed(handed) for handed in opened.content.letters))


def _open_handed(handed: Handed) -> OpenedLetter:
    opened = _open(handed.record.header, handed.letter, handed.key)
    if isinstance(opened.content, HandoverLetter):
        raise RemoteError(Code.MALFORMED, "a handover hands over no handover")
    return opened


def _open(header: Header, letter: Letter, key: bytes) -> OpenedLetter:
    """Open a letter with the key of its content; errors as for `open_letter`."""
    if not hmac.compare_digest(_nonce(key), letter.nonce):
        raise RemoteError(Code.FORGED, "the box holds another key than the letter names")
    try:
        plain = bindings.crypto_secretbox_open(letter.sealed, letter.nonce, key)
    except CryptoError:
        raise RemoteError(Code.FORGED, "the letter's key does not open it") from None
    author, addressee, slot, number, fields = _read(plain)
    if (author, slot) != (header.author, header.slot):
        raise RemoteError(Code.FORGED, "the content was sealed by another author or for another slot")
    if letter.tag != letter_tag(author, addressee, slot):
        raise RemoteError(Code.FORGED, "the letter's tag is not its addressee's")
    kind = CONTENTS.get(number)
    content = None if kind is None else kind.from_fields(fields)
    if content is not None and isinstance(content, Receipt) != (slot == receipt_slot(author, addressee)):
        raise RemoteError(Code.FORGED, "receipts, and nothing else, are in the slot that two people have for them")
    return OpenedLetter(author, addressee, slot, number, content, header.created, header.device, key)


# --- The plaintext ---------------------------------------------------------------------------------------------------


def _padded(plain: bytes) -> bytes:
    for size in LETTER_SIZES:
        if len(plain) < size:
            return (plain + _END).ljust(size, b"\0")
    raise InvalidField("letter", "must not be so long: shorten it")


def _read(padded: bytes) -> _Plain:
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


class _Deriver:
    """Derives secret bytes from the entropy and the plaintext. Entropy used twice repeats a secret for one plaintext only."""

    def __init__(self, entropy: bytes, plain: bytes) -> None:
        self._seed = blake2b(_SEED_DOMAIN + plain, key=entropy).digest()

    def bytes(self, purpose: bytes, length: int, number: int = 0) -> bytes:
        """Return `length` bytes for one purpose; `number` tells those of one purpose apart."""
        return blake2b(_PART_DOMAIN + purpose + bytes([number]), key=self._seed, digest_size=length).digest()


def _nonce(key: bytes) -> bytes:
    return blake2b(_NONCE_DOMAIN, key=key, digest_size=NONCE_BYTES).digest()
