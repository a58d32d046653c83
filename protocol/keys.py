"""The keys of people and devices, their signatures, and their written forms (protocol/README.md, "Keys").

Nothing here is random: seeds are passed in. Only libsodium (through PyNaCl) signs and verifies, so that every node gives the
same verdict on every signature, also where Ed25519 implementations disagree (vectors/ed25519_edge_cases.json).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import TypeAlias

from nacl import bindings
from nacl.exceptions import BadSignatureError

from protocol import bech32m, limits
from protocol.errors import Code, LocalError, RemoteError
from protocol.fingerprint import WORDS

PersonId: TypeAlias = bytes
"""Ed25519 public key of an identity, 32 bytes."""
DeviceId: TypeAlias = bytes
"""Ed25519 public key of a device, 32 bytes."""

KEY_BYTES = 32
SIGNATURE_BYTES = 64
FINGERPRINT_WORDS = 8

# Every X25519 public key of low order (https://cr.yp.to/ecdh.html), with and without the bit that is masked. A secret agreed
# on with one of them is all zeros, which everybody knows.
_P = 2**255 - 19
_LOW_ORDER = frozenset(
    (point | top).to_bytes(KEY_BYTES, "little")
    for point in (
        0,
        1,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
        _P - 1,
        _P,
        _P + 1,
    )
    for top in (0, 1 << 255)
)

_SLOT_DOMAIN = b"meshnode device slot v1\0"
_FINGERPRINT_DOMAIN = b"meshnode fingerprint v1\0"
_PERSON_PREFIX = "mp"
_DEVICE_PREFIX = "md"
_GROUP_PREFIX = "mg"
_SHORT = 8


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) by `public_key` (32 bytes) holds over `message`. Releases the GIL."""
    if len(public_key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        bindings.crypto_sign_open(signature + message, public_key)
    except BadSignatureError:
        return False
    return True


def public_key(private: bytes) -> bytes:
    """Return the X25519 public key (32 bytes) of a private one. LocalError if that has not 32 bytes."""
    if len(private) != KEY_BYTES:
        raise LocalError("a private key is 32 bytes")
    return bindings.crypto_scalarmult_base(private)


def is_low_order(agreement_public: bytes) -> bool:
    """Whether this X25519 public key is of low order: a secret agreed on with it would be known to everybody."""
    return agreement_public in _LOW_ORDER


def person_id(seed: bytes) -> PersonId:
    """Return the public key of the identity that a 32-byte seed makes."""
    return IdentityKeys(seed).person_id


def device_slot(device_id: DeviceId) -> bytes:
    """Return the slot of a device's certificate and of its policy, 16 bytes."""
    return blake2b(_SLOT_DOMAIN + device_id, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class IdentityKeys:
    """A person's identity key pair (Ed25519). It signs certificates and revocations of devices, and nothing else."""

    seed: bytes = field(repr=False)
    person_id: PersonId = field(init=False)
    _secret: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        public, secret = _signing_pair(self.seed)
        object.__setattr__(self, "person_id", public)
        object.__setattr__(self, "_secret", secret)

    def sign(self, message: bytes) -> bytes:
        """Return a 64-byte Ed25519 signature, always the same for one message (RFC 8032)."""
        return bindings.crypto_sign(message, self._secret)[:SIGNATURE_BYTES]


@dataclass(frozen=True, slots=True)
class DeviceKeys:
    """A device's three key pairs, each made from 32 bytes: Ed25519 for records, X25519 for handshakes and for letters."""

    sign_seed: bytes = field(repr=False)
    dh_private: bytes = field(repr=False)
    letter_private: bytes = field(repr=False)
    device_id: DeviceId = field(init=False)
    dh_public: bytes = field(init=False)
    letter_public: bytes = field(init=False)
    _secret: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        public, secret = _signing_pair(self.sign_seed)
        object.__setattr__(self, "device_id", public)
        object.__setattr__(self, "dh_public", public_key(self.dh_private))
        object.__setattr__(self, "letter_public", public_key(self.letter_private))
        object.__setattr__(self, "_secret", secret)

    def sign(self, message: bytes) -> bytes:
        """Return a 64-byte Ed25519 signature, always the same for one message (RFC 8032)."""
        return bindings.crypto_sign(message, self._secret)[:SIGNATURE_BYTES]


@lru_cache(limits.IDS_REMEMBERED)
def person_text(person: PersonId) -> str:
    """Return the written form of a person's key, `mp1...`. Its checksum finds a mistyped character."""
    return bech32m.to_text(_PERSON_PREFIX, person)


def people_written(letters: str, people: Iterable[PersonId]) -> list[PersonId]:
    """Return those whose written form goes on, after `mp1`, with `letters`; without making anybody's written form.

    Letters beyond the 51st are not compared.
    """
    found = bech32m.first_bits(letters, 8 * KEY_BYTES)
    if found is None:
        return []
    bits, count = found
    rest = 8 * KEY_BYTES - count
    return [person for person in people if int.from_bytes(person, "big") >> rest == bits]


def begins_person(text: str) -> bool:
    """Whether the written form of a person's key may begin with `text`, its tag `mp1` included."""
    tag = f"{_PERSON_PREFIX}1"
    return text.startswith(tag) and bech32m.first_bits(text.removeprefix(tag), 8 * KEY_BYTES) is not None


def parse_person(text: str) -> PersonId:
    """Return the key whose written form is `text`. RemoteError MALFORMED, worded for people, if it is none."""
    try:
        person = bech32m.from_text(_PERSON_PREFIX, text)
    except bech32m.Bech32mError as error:
        raise RemoteError(Code.MALFORMED, f"not a person's key: {error}") from None
    if len(person) != KEY_BYTES:
        raise RemoteError(Code.MALFORMED, "not a person's key: wrong length")
    return person


def device_text(device: DeviceId) -> str:
    """Return the written form of a device's key, `md1...`."""
    return bech32m.to_text(_DEVICE_PREFIX, device)


def group_text(group_id: bytes) -> str:
    """Return the written form of a group's id, `mg1...`."""
    return bech32m.to_text(_GROUP_PREFIX, group_id)


def short_id(person: PersonId) -> str:
    """Return the first eight characters after `mp1`: enough to tell people apart on a screen, but no proof of anything."""
    start = len(_PERSON_PREFIX) + 1
    return person_text(person)[start : start + _SHORT]


def fingerprint_words(person: PersonId) -> tuple[str, ...]:
    """Return the eight words (64 bits) that two people read to each other to compare a key."""
    digest = blake2b(_FINGERPRINT_DOMAIN + person, digest_size=FINGERPRINT_WORDS).digest()
    return tuple(WORDS[byte] for byte in digest)


def is_fingerprint(words: Sequence[str]) -> bool:
    """Whether these are the words of a fingerprint, maybe of nobody's key."""
    return len(words) == FINGERPRINT_WORDS and all(word in WORDS for word in words)


def _signing_pair(seed: bytes) -> tuple[bytes, bytes]:
    if len(seed) != KEY_BYTES:
        raise LocalError("a signing seed is 32 bytes")
    return bindings.crypto_sign_seed_keypair(seed)
