"""The body of a certificate, by which an identity certifies one of its devices, or revokes it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.structs import force_setattr

from protocol.codec import decode, encode
from protocol.errors import Code, InvalidField, RemoteError
from protocol.fields import check_bytes, check_canonical, check_flag, check_salt, parses
from protocol.keys import KEY_BYTES, is_low_order
from protocol.limits import GROUP_TAG_BYTES, KEPT_INVITATIONS_MAX, RECORD_MAX_BYTES

_FIELDS = (4, 5)  # the last one only in a revocation that keeps invitations


class Device(Struct, frozen=True):
    """The X25519 keys of the device that the header names: for handshakes and for letters."""

    salt: bytes
    dh_public: bytes
    letter_public: bytes
    revoked: bool = False
    """Whether this revokes the device: it may no longer act for its person, and no later version can change that."""
    kept: tuple[bytes, ...] = ()
    """The tags of the invitations by the device that go on counting after its revocation, in ascending order."""

    def __post_init__(self) -> None:
        check_salt(self.salt)
        check_bytes("handshake key", self.dh_public, KEY_BYTES)
        check_bytes("letter key", self.letter_public, KEY_BYTES)
        for name, public in (("handshake key", self.dh_public), ("letter key", self.letter_public)):
            if is_low_order(public):
                raise InvalidField(name, "must not be of low order")
        check_flag("revoked", self.revoked)
        if type(self.kept) is not tuple:
            raise InvalidField("kept invitations", "must be a list")
        if self.kept and not self.revoked:
            raise InvalidField("kept invitations", "must be in a revocation")
        if len(self.kept) > KEPT_INVITATIONS_MAX:
            raise InvalidField("kept invitations", f"must not be more than {KEPT_INVITATIONS_MAX}")
        for tag in self.kept:
            check_bytes("invitation", tag, GROUP_TAG_BYTES)
        force_setattr(self, "kept", tuple(sorted(set(self.kept))))

    def to_body(self) -> bytes:
        """Return the bytes that `parse` reads."""
        fields = (self.salt, self.dh_public, self.letter_public, self.revoked)
        return encode((*fields, self.kept) if self.kept else fields)

    @classmethod
    @parses
    def parse(cls, body: bytes) -> Device:
        """Return the device in `body`. RemoteError MALFORMED, also if kept invitations are not in order, or OVERSIZED."""
        fields: Any = decode(body, max_bytes=RECORD_MAX_BYTES, max_items=KEPT_INVITATIONS_MAX + 1)
        if type(fields) is not tuple or len(fields) not in _FIELDS:
            raise RemoteError(Code.MALFORMED, "not an array of the fields of a device")
        device = cls(*fields)
        check_canonical(device, body, device.to_body())
        return device
