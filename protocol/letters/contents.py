"""The contents of letters: receipts and introductions here, moves in move.py (protocol/README.md, "Letters")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

from protocol.codec import Value
from protocol.errors import InvalidField, RemoteError
from protocol.fields import check_bytes, parses
from protocol.keys import KEY_BYTES, PersonId
from protocol.letters.move import Move
from protocol.limits import INTRODUCTION_TEXT_MAX, LETTER_DEVICES_MAX, NAME_MAX, SLOT_BYTES
from protocol.records.bodies import body_of
from protocol.records.device import Device
from protocol.records.record import Kind, Record, check_header, verify_signature
from protocol.text import check_text


class Content(Protocol):
    """The content of a letter: a frozen dataclass that checks its own fields. NUMBER names its kind on the wire."""

    NUMBER: ClassVar[int]

    def to_fields(self) -> tuple[Value, ...]:
        """Return the fields that `from_fields` reads."""

    @classmethod
    def from_fields(cls, fields: tuple[Value, ...]) -> Self:
        """Return the content of these fields. RemoteError MALFORMED if they are none."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Says that one of the writer's devices has opened the letter of this slot, which the addressee wrote.

    The letter has arrived, so its author withdraws it and nobody carries it any longer.
    """

    NUMBER: ClassVar[int] = 1
    slot: bytes

    def __post_init__(self) -> None:
        check_bytes("slot", self.slot, SLOT_BYTES)

    def to_fields(self) -> tuple[Value, ...]:
        """Return the fields that `from_fields` reads."""
        return (self.slot,)

    @classmethod
    @parses
    def from_fields(cls, fields: tuple[Value, ...]) -> Self:
        """Return the receipt of these fields. RemoteError MALFORMED if they are none."""
        match fields:
            case (bytes() as slot,):
                return cls(slot)
        raise InvalidField("receipt", "must name one letter")


@dataclass(frozen=True, slots=True)
class Introduction:
    """Tells the addressee of a person: their key, their name, and certificates, which it takes to know their devices.

    It admits nobody: the person can be called only once they vouch for the addressee or are in a web with them.
    """

    NUMBER: ClassVar[int] = 3
    person: PersonId
    name: str
    message: str = ""
    """The introducer's words about the person."""
    certificates: tuple[Record, ...] = ()
    """Certificates of the person's devices, each checked like one that is received by itself."""

    def __post_init__(self) -> None:
        check_bytes("person", self.person, KEY_BYTES)
        check_text("name", self.name, NAME_MAX, shortest=1)
        check_text("message", self.message, INTRODUCTION_TEXT_MAX, lines=True)
        if not 0 < len(self.certificates) <= LETTER_DEVICES_MAX:
            raise InvalidField("certificates", f"must be 1 to {LETTER_DEVICES_MAX}")
        for certificate in self.certificates:
            _check_certificate(certificate, self.person)

    def to_fields(self) -> tuple[Value, ...]:
        """Return the fields that `from_fields` reads."""
        return (self.person, self.name, self.message, tuple(record.wire for record in self.certificates))

    @classmethod
    @parses
    def from_fields(cls, fields: tuple[Value, ...]) -> Self:
        """Return the introduction of these fields. RemoteError MALFORMED if they are none, or as for `Record.parse`."""
        match fields:
            case (bytes() as person, str() as name, str() as message, tuple() as wires):
                if len(wires) > LETTER_DEVICES_MAX or not all(isinstance(wire, bytes) for wire in wires):
                    raise InvalidField("certificates", "must be records")
                certificates = tuple(Record.parse(wire) for wire in wires if isinstance(wire, bytes))
                return cls(person, name, message, certificates)
        raise InvalidField("introduction", "must name a person")


_KINDS: tuple[type[Content], ...] = (Receipt, Move, Introduction)

CONTENTS: dict[int, type[Content]] = {kind.NUMBER: kind for kind in _KINDS}
"""The kinds of contents by their numbers on the wire."""


def _check_certificate(record: Record, person: PersonId) -> None:
    try:
        check_header(record.header)
        body = body_of(record) if record.body else None
    except RemoteError:
        body = None
    of_the_person = record.header.kind == Kind.DEVICE and record.header.author == person
    if not (of_the_person and isinstance(body, Device) and not body.revoked and verify_signature(record)):
        raise InvalidField("certificate", "must be one of this person's")
