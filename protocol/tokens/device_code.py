"""Device codes, by which one device of a person makes another machine their device too (protocol/README.md, "Devices").

A code is shorter than a card: the new device receives the rest over the channel that the secret of the code opens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b

from protocol import bech32m
from protocol.codec import encode
from protocol.errors import InvalidField
from protocol.fields import check_bytes, check_number
from protocol.keys import KEY_BYTES, PersonId, is_low_order
from protocol.limits import CARD_SECRET_BYTES, DEVICE_CODE_BYTES_MAX, TIME_MAX
from protocol.tokens.addresses import Addresses, packed, unpacked
from protocol.tokens.token import fields_of, parts_of, plain_addresses, read_token

_PREFIX = "mdev"
_VERSION = 1
_ID_DOMAIN = b"meshnode device code id v1\0"

# The parts of the fixed block, in its order: person, handshake key, secret.
_PARTS = (KEY_BYTES, KEY_BYTES, CARD_SECRET_BYTES)
_FIELD_TYPES = (int, bytes, int, bytes)


def device_code_id(secret: bytes) -> bytes:
    """Return the id of the code with this secret, 16 bytes. It does not reveal the secret."""
    return blake2b(_ID_DOMAIN + secret, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """An invitation to become a device of `person`. Only the first machine that proves the secret is certified."""

    person: PersonId
    dh_public: bytes
    """The X25519 handshake key of the device that shows the code."""
    secret: bytes = field(repr=False)
    expires: int
    addresses: Addresses
    """Addresses at which that device listens, best first; may be empty, since it is announced on the local network too."""

    def __post_init__(self) -> None:
        check_bytes("person", self.person, KEY_BYTES)
        check_bytes("handshake key", self.dh_public, KEY_BYTES)
        if is_low_order(self.dh_public):
            raise InvalidField("handshake key", "must not be of low order")
        check_bytes("secret", self.secret, CARD_SECRET_BYTES)
        check_number("expires", self.expires, 1, TIME_MAX)
        object.__setattr__(self, "addresses", plain_addresses(self.addresses))

    @property
    def id(self) -> bytes:
        """`device_code_id` of the secret."""
        return device_code_id(self.secret)

    def to_text(self) -> str:
        """Return `mdev1...`, on one line. In upper case it is the same code, and makes a smaller QR code."""
        block = self.person + self.dh_public + self.secret
        return bech32m.to_text(_PREFIX, encode((_VERSION, block, self.expires, packed(self.addresses))))

    @classmethod
    def parse(cls, text: str) -> DeviceCode:
        """Return the code in `text`. Case, white space and hyphens do not matter.

        RemoteError CARD_CHECKSUM if the text was damaged, VERSION for a code of a later version, CARD_MALFORMED for any
        other text that is no device code. Whether the code has expired, was used or is one's own is not judged.
        """
        return read_token(_PREFIX, text, _read)


def _read(payload: bytes) -> DeviceCode:
    _, block, expires, addresses = fields_of(payload, _VERSION, _FIELD_TYPES, DEVICE_CODE_BYTES_MAX)
    person, dh_public, secret = parts_of(block, _PARTS)
    return DeviceCode(person, dh_public, secret, expires, unpacked(addresses))
