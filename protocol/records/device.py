"""The body of a certificate, by which an identity certifies one of its devices, or revokes it."""

from __future__ import annotations

from dataclasses import dataclass, field

from protocol.codec import encode
from protocol.errors import InvalidField
from protocol.fields import check_bytes, check_flag, check_salt, parses, read_fields
from protocol.keys import KEY_BYTES, is_low_order
from protocol.limits import RECORD_MAX_BYTES

_FIELDS = 4


@dataclass(frozen=True, slots=True)
class Device:
    """The X25519 keys of the device that the header names: for handshakes and for letters."""

    salt: bytes = field(repr=False)
    dh_public: bytes
    letter_public: bytes
    revoked: bool = False
    """Whether this revokes the device: it may no longer act for its person, and no later version can change that."""

    def __post_init__(self) -> None:
        check_salt(self.salt)
        check_bytes("handshake key", self.dh_public, KEY_BYTES)
        check_bytes("letter key", self.letter_public, KEY_BYTES)
        for name, public in (("handshake key", self.dh_public), ("letter key", self.letter_public)):
            if is_low_order(public):
                raise InvalidField(name, "must not be of low order")
        check_flag("revoked", self.revoked)

    def to_body(self) -> bytes:
        """Return the bytes that `parse` reads."""
        return encode((self.salt, self.dh_public, self.letter_public, self.revoked))

    @classmethod
    @parses
    def parse(cls, body: bytes) -> Device:
        """Return the device in `body`. RemoteError MALFORMED or OVERSIZED."""
        fields = read_fields(body, _FIELDS, RECORD_MAX_BYTES, 0)
        return cls(*fields)
