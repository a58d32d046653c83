"""Cards, by which the nodes of two people meet for the first time (protocol/README.md, "Cards").

A card must fit into a QR code that a telephone can read off a screen. So it has only those fields of the giver's certificate
that cannot be computed from the others, and its addresses are packed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b

from protocol import bech32m
from protocol.codec import encode
from protocol.errors import Code, InvalidField, LocalError, RemoteError
from protocol.fields import check_number
from protocol.keys import KEY_BYTES, SIGNATURE_BYTES, PersonId, device_slot
from protocol.limits import (
    CARD_BYTES_MAX,
    CARD_SECRET_BYTES,
    CARD_USES_MAX,
    NAME_MAX,
    SALT_BYTES,
    TIME_MAX,
    WEIGHT_MAX,
)
from protocol.records.bodies import body_of
from protocol.records.device import Device
from protocol.records.record import (
    NO_POLICY,
    Audience,
    Header,
    Kind,
    Record,
    body_hash,
    check_header,
    is_revocation,
    verify_signature,
)
from protocol.text import check_text
from protocol.tokens.addresses import Addresses, packed, unpacked
from protocol.tokens.token import fields_of, parts_of, plain_addresses, read_token

_PREFIX = "mesh"
_VERSION = 1
_ID_DOMAIN = b"meshnode card id v1\0"

# The parts of the fixed block, in its order: giver, device, signature, salt, handshake key, letter key, secret.
_PARTS = (KEY_BYTES, KEY_BYTES, SIGNATURE_BYTES, SALT_BYTES, KEY_BYTES, KEY_BYTES, CARD_SECRET_BYTES)


def card_id(secret: bytes) -> bytes:
    """Return the id of the card with this secret, 16 bytes. It does not reveal the secret."""
    return blake2b(_ID_DOMAIN + secret, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Card:
    """An invitation to connect. The giver vouches in return for those who present the secret, as many as `uses`."""

    giver: PersonId
    name: str
    certificate: Record
    """The complete DEVICE record of the device that the user of the card will dial."""
    secret: bytes = field(repr=False)
    addresses: Addresses
    """IP addresses and TCP ports at which that device listened, best first; may be empty, and may be out of date.
    A zone such as `%eth0` is left out: it means nothing on another machine."""
    expires: int
    weight: int
    """The weight of the giver's vouch in return, in per mille."""
    uses: int = 1

    def __post_init__(self) -> None:
        check_text("name", self.name, NAME_MAX, shortest=1)
        if len(self.secret) != CARD_SECRET_BYTES:
            raise InvalidField("secret", f"must be {CARD_SECRET_BYTES} bytes")
        object.__setattr__(self, "addresses", plain_addresses(self.addresses))
        check_number("expires", self.expires, 1, TIME_MAX)
        check_number("trust", self.weight, 1, WEIGHT_MAX)
        check_number("uses", self.uses, 1, CARD_USES_MAX)
        header = self.certificate.header
        if (
            header.kind != Kind.DEVICE
            or header.author != self.giver
            or is_revocation(header)
            or not self.certificate.body
        ):
            raise InvalidField("certificate", "must be a complete one of the giver's")

    @property
    def id(self) -> bytes:
        """`card_id` of the secret."""
        return card_id(self.secret)

    @property
    def dh_public(self) -> bytes:
        """The X25519 handshake key of the giver's device."""
        return self._device().dh_public

    def to_text(self) -> str:
        """Return `mesh1...`, on one line. In upper case it is the same card, and makes a smaller QR code."""
        header, device = self.certificate.header, self._device()
        block = b"".join(
            (
                self.giver,
                header.device,
                self.certificate.signature,
                device.salt,
                device.dh_public,
                device.letter_public,
                self.secret,
            )
        )
        payload = encode(
            (
                _VERSION,
                block,
                header.version,
                header.min_valid_version,
                header.created,
                header.expires - header.created,
                header.latest_expiry - header.expires,
                self.expires,
                self.weight,
                self.uses,
                self.name,
                packed(self.addresses),
            )
        )
        return bech32m.to_text(_PREFIX, payload)

    @classmethod
    def parse(cls, text: str) -> Card:
        """Return the card in `text`, the signature of its certificate checked. Case, white space and hyphens do not matter.

        RemoteError CARD_CHECKSUM if the text was damaged, VERSION for a card of a later version, CARD_MALFORMED for any
        other text that is no card. Whether the card has expired, is used up or is one's own is not judged.
        """
        card = read_token(_PREFIX, text, _read)
        if not verify_signature(card.certificate):
            raise RemoteError(Code.CARD_MALFORMED, "its certificate is not signed by its giver")
        return card

    def _device(self) -> Device:
        body = body_of(self.certificate)
        if not isinstance(body, Device):
            raise LocalError("a card's certificate is of another kind")
        return body


def _read(payload: bytes) -> Card:
    fields = fields_of(payload, _VERSION, _FIELD_TYPES, CARD_BYTES_MAX)
    _, block, version, min_valid_version, created, life, longer, expires, weight, uses, name, addresses = fields
    giver, device, signature, salt, dh_public, letter_public, secret = parts_of(block, _PARTS)
    body = Device(salt, dh_public, letter_public).to_body()
    header = Header(
        kind=int(Kind.DEVICE),
        author=giver,
        device=device,
        slot=device_slot(device),
        version=version,
        audience=int(Audience.FOLLOWS),
        policy_version=NO_POLICY,
        created=created,
        expires=created + life,
        min_valid_version=min_valid_version,
        latest_expiry=created + life + longer,
        body_hash=body_hash(body),
    )
    check_header(header)
    return Card(
        giver=giver,
        name=name,
        certificate=Record(header, encode(header), signature, body),
        secret=secret,
        addresses=unpacked(addresses),
        expires=expires,
        weight=weight,
        uses=uses,
    )


_FIELD_TYPES = (int, bytes, int, int, int, int, int, int, int, int, str, bytes)
