"""The content of a letter by which somebody introduces two people he knows to each other: one is told of the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from protocol.errors import InvalidField, RemoteError
from protocol.fields import check_bytes
from protocol.keys import KEY_BYTES, PersonId
from protocol.limits import INTRODUCTION_TEXT_MAX, LETTER_DEVICES_MAX, NAME_MAX
from protocol.records.bodies import Device, body_of
from protocol.records.record import Kind, Record, check_header, verify_signature
from protocol.text import check_text

if TYPE_CHECKING:
    from protocol.codec import Value


@dataclass(frozen=True, slots=True)
class Introduction:
    """What it takes to vouch for a person and to know his devices: his key, the name he goes by, his certificates.

    It opens no door: only who is vouched for in return, or is in the other's web, can be called.
    """

    NUMBER: ClassVar[int] = 3
    person: PersonId
    name: str
    message: str = ""
    """What the introducer says of them."""
    certificates: tuple[Record, ...] = ()
    """Of the person's devices; each is checked like a certificate that comes by itself."""

    def __post_init__(self) -> None:
        check_bytes("person", self.person, KEY_BYTES)
        check_text("name", self.name, NAME_MAX, shortest=1)
        check_text("message", self.message, INTRODUCTION_TEXT_MAX, lines=True)
        if not 0 < len(self.certificates) <= LETTER_DEVICES_MAX:
            raise InvalidField("certificates", f"must be 1 to {LETTER_DEVICES_MAX}")
        for certificate in self.certificates:
            _check_certificate(certificate, self.person)

    def to_fields(self) -> tuple[Value, ...]:
        """What `from_fields` reads."""
        return (self.person, self.name, self.message, tuple(record.wire for record in self.certificates))

    @classmethod
    def from_fields(cls, fields: tuple[Value, ...]) -> Self:
        """The introduction of these fields. RemoteError if they are none."""
        match fields:
            case (bytes() as person, str() as name, str() as message, tuple() as wires):
                if len(wires) > LETTER_DEVICES_MAX or not all(isinstance(wire, bytes) for wire in wires):
                    raise InvalidField("certificates", "must be records")
                certificates = tuple(Record.parse(wire) for wire in wires if isinstance(wire, bytes))
                return cls(person, name, message, certificates)
        raise InvalidField("introduction", "must say who it is about")


def _check_certificate(record: Record, person: PersonId) -> None:
    try:
        check_header(record.header)
        body = body_of(record) if record.body else None
    except RemoteError:
        body = None
    ours = record.header.kind == Kind.DEVICE and record.header.author == person
    if not (ours and isinstance(body, Device) and not body.revoked and verify_signature(record)):
        raise InvalidField("certificate", "must be one of this person's")
