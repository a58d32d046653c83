"""Device codes: what one device of a person shows so that another machine becomes a device too (README.md, "Devices").

A code is shorter than a card: whoever uses it is told the rest over the channel that its secret opens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b

from protocol import bech32m
from protocol.codec import encode
from protocol.errors import InvalidField
from protocol.fields import check_bytes, check_number
from protocol.keys import KEY_BYTES, PersonId, is_low_order
from protocol.limits import CARD_SECRET_BYTES, DEVICE_CODE_BYTES_MAX, INT_MAX
from protocol.tokens.addresses import Addresses, packed, unpacked
from protocol.tokens.token import fields_of, parts_of, plain_addresses, read_token

_PREFIX = "mdev"
_VERSION = 1
_ID_DOMAIN = b"meshnode device code id v1\0"

# The parts of the fixed block, in its order: person, handshake key, secret.
_PARTS = (KEY_BYTES, KEY_BYTES, CARD_SECRET_BYTES)
_FIELD_TYPES = (int, bytes, int, bytes)


def device_code_id(secret: bytes) -> bytes:
    """What a code is known by without giving its secret away: 16 bytes."""
    return blake2b(_ID_DOMAIN + secret, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """The way to the device that shows it: the first machine that proves the secret there is certified."""

    person: PersonId
    """Whose device one becomes."""
    dh_public: bytes
    """The X25519 key that the showing device shakes hands with."""
    secret: bytes = field(repr=False)
    expires: int
    addresses: Addresses
    """Where that device listens, best first; may be empty: it is announced on the local network too."""

    def __post_init__(self) -> None:
        check_bytes("person", self.person, KEY_BYTES)
        check_bytes("handshake key", self.dh_public, KEY_BYTES)
        if is_low_order(self.dh_public):
            raise InvalidField("handshake key", "must not be of low order")
        check_bytes("secret", self.secret, CARD_SECRET_BYTES)
        check_number("expires", self.expires, 1, INT_MAX)
        object.__setattr__(self, "addresses", plain_addresses(self.addresses))

    @property
    def id(self) -> bytes:
        """`device_code_id` of the secret."""
        return device_code_id(self.secret)

    def to_text(self) -> str:
        """`mdev1...`, one line. In upper case it is the same code, and makes a smaller QR code."""
        block = self.person + self.dh_public + self.secret
        return bech32m.to_text(_PREFIX, encode((_VERSION, block, self.expires, packed(self.addresses))))

    @classmethod
    def parse(cls, text: str) -> DeviceCode:
        """The code in `text`. Case, white space and hyphens do not matter.

        RemoteError CARD_CHECKSUM for a damaged text, CARD_MALFORMED for what is no device code, VERSION for one of a
        later version. That it has expired, was used or is one's own is not known here.
        """
        return read_token(_PREFIX, text, _read)


def _read(payload: bytes) -> DeviceCode:
    _, block, expires, addresses = fields_of(payload, _VERSION, _FIELD_TYPES, DEVICE_CODE_BYTES_MAX)
    person, dh_public, secret = parts_of(block, _PARTS)
    return DeviceCode(person, dh_public, secret, expires, unpacked(addresses))
