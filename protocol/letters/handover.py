"""The handover: a letter by which older letters reach a device that they were not sealed to (protocol/README.md, "Handing over").

It carries records of letters as their authors signed them, each with the key that opens it. So the reader checks every word
against the signature of the person who wrote it, and takes nobody's word for it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, ClassVar, Self

from msgspec import Struct

from protocol.codec import Value
from protocol.errors import InvalidField, RemoteError
from protocol.fields import check_bytes, check_time, parses
from protocol.keys import KEY_BYTES, PersonId
from protocol.limits import LETTER_ITEMS_MAX, NOTE_KEY_MAX, NOTE_VALUE_MAX, SLOT_BYTES, STAMP_MAX
from protocol.records.bodies import body_of
from protocol.records.certificates import is_certificate
from protocol.records.letter import Letter
from protocol.records.record import Kind, Record, check_header, verify_signature


class NoteKind(IntEnum):
    """The matter of a note. A reader passes on kinds that it does not know."""

    NAME = 1
    SAVED_SEARCH = 2
    KEY_SHARE = 3
    HIDDEN_LISTING = 4
    SHOWN_LISTINGS = 5
    WIPED_DEVICE = 6
    LETTERS_TO_COME = 7


_KIND_MAX = 255  # of a note, as of a record
_HANDED_FIELDS, _NOTE_FIELDS, _MISSING_FIELDS = 4, 4, 2


class Handed(Struct, frozen=True):
    """A letter that is handed over: its record, and the key of its content. Times are in UNIX seconds by the giver's clock."""

    record: Record
    key: bytes
    arrived: int
    """When it was opened or written on the device that hands it over; for showing, and for the order."""
    delivered: int | None = None
    """When a receipt first named it; None: not, or not known."""

    def __post_init__(self) -> None:
        check_bytes("key", self.key, KEY_BYTES)
        if self.arrived is None:
            raise InvalidField("arrived", "must be a time")
        check_time("arrived", self.arrived)
        check_time("delivered", self.delivered)

    @property
    def letter(self) -> Letter:
        """The body of the record."""
        body = body_of(self.record)
        assert isinstance(body, Letter), "a handover checks it"
        return body


class Note(Struct, frozen=True):
    """Something that a person keeps for themselves, such as a name for somebody: of one `kind` and `key` the latest counts.

    The later has the higher stamp; of two that have the same, it is the one whose value is higher in byte order.
    """

    kind: int
    key: bytes
    value: bytes | None
    """None: it was removed."""
    stamp: int

    def __post_init__(self) -> None:
        if type(self.kind) not in (int, NoteKind) or not 0 < self.kind <= _KIND_MAX:
            raise InvalidField("kind", "must be a number of a kind")
        if type(self.key) is not bytes or not 0 < len(self.key) <= NOTE_KEY_MAX:
            raise InvalidField("key", f"must be 1 to {NOTE_KEY_MAX} bytes")
        if self.value is not None and (type(self.value) is not bytes or len(self.value) > NOTE_VALUE_MAX):
            raise InvalidField("value", f"must be at most {NOTE_VALUE_MAX} bytes")
        if type(self.stamp) is not int or not 0 < self.stamp <= STAMP_MAX:
            raise InvalidField("stamp", "must be a stamp")

    @property
    def rank(self) -> tuple[int, bytes]:
        """Of two notes of one kind and key, the one with the higher rank counts."""
        return self.stamp, b"" if self.value is None else b"\1" + self.value


class HandoverLetter(Struct, frozen=True):
    """Hands letters, notes and the certificates of who signed them to a device that lacks them, or asks for letters.

    One that goes to another person has no notes and asks for nothing.
    """

    NUMBER: ClassVar[int] = 4
    letters: tuple[Handed, ...] = ()
    certificates: tuple[Record, ...] = ()
    """Of the devices that signed the letters, as they were when these came: the device may have been revoked since."""
    notes: tuple[Note, ...] = ()
    missing: tuple[tuple[PersonId, bytes], ...] = ()
    """Letters, each by author and slot, that the device which writes this could not open."""

    def __post_init__(self) -> None:
        for name, found in (
            ("letters", self.letters),
            ("certificates", self.certificates),
            ("notes", self.notes),
            ("missing", self.missing),
        ):
            if len(found) > LETTER_ITEMS_MAX:
                raise InvalidField(name, f"must be at most {LETTER_ITEMS_MAX}")
        if not (self.letters or self.notes or self.missing):
            raise InvalidField("handover", "must hand over something, or ask for something")
        signers = {_signer(certificate) for certificate in self.certificates}
        for handed in self.letters:
            header = handed.record.header
            if (header.author, header.device) not in signers or not _is_signed_letter(handed.record):
                raise InvalidField("letter", "must be signed by a device that has its certificate here")
        for author, slot in self.missing:
            check_bytes("author", author, KEY_BYTES)
            check_bytes("slot", slot, SLOT_BYTES)

    def to_fields(self) -> tuple[Value, ...]:
        """Return the fields that `from_fields` reads."""
        return (
            tuple((one.record.wire, one.key, one.arrived, one.delivered) for one in self.letters),
            tuple(record.wire for record in self.certificates),
            tuple((int(note.kind), note.key, note.value, note.stamp) for note in self.notes),
            self.missing,
        )

    @classmethod
    @parses
    def from_fields(cls, fields: tuple[Value, ...]) -> Self:
        """Return the handover of these fields. RemoteError MALFORMED if they are none, or as for `Record.parse`."""
        match fields:
            case (tuple() as letters, tuple() as certificates, tuple() as notes, tuple() as missing):
                return cls(
                    tuple(_handed(entry) for entry in letters),
                    tuple(_record(wire) for wire in certificates),
                    tuple(Note(*_entry("note", entry, _NOTE_FIELDS)) for entry in notes),
                    tuple(_pair(entry) for entry in missing),
                )
        raise InvalidField("handover", "must be letters, certificates, notes and what is missing")


def _entry(field: str, value: Value, length: int) -> tuple[Any, ...]:
    if type(value) is not tuple or len(value) != length:
        raise InvalidField(field, f"must be {length} fields")
    return value


def _pair(value: Value) -> tuple[PersonId, bytes]:
    author, slot = _entry("missing letter", value, _MISSING_FIELDS)
    return author, slot


def _handed(value: Value) -> Handed:
    wire, key, arrived, delivered = _entry("letter", value, _HANDED_FIELDS)
    return Handed(_record(wire), key, arrived, delivered)


def _record(wire: Value) -> Record:
    if type(wire) is not bytes:
        raise InvalidField("record", "must be bytes")
    return Record.parse(wire)


def _signer(certificate: Record) -> tuple[PersonId, bytes]:
    """Return the person and the device of a certificate. InvalidField unless it is one, and signed."""
    if not is_certificate(certificate):
        raise InvalidField("certificate", "must be one")
    return certificate.header.author, certificate.header.device


def _is_signed_letter(record: Record) -> bool:
    try:
        check_header(record.header)
        if record.header.kind != Kind.LETTER or not record.body:
            return False
        body_of(record)
    except RemoteError:
        return False
    return verify_signature(record)
