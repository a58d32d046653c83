"""The contents of letters: receipts and introductions here, each other kind in a file of its own (protocol/README.md, "Letters")."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, NamedTuple, Protocol, Self, cast

from msgspec import Struct

from protocol.codec import Value
from protocol.errors import InvalidField
from protocol.fields import check_bytes, parses
from protocol.keys import KEY_BYTES, DeviceId, PersonId
from protocol.letters.handover import HandoverLetter
from protocol.letters.key_share import KeyShare
from protocol.letters.move import Move
from protocol.limits import (
    DEVICE_TAG_BYTES,
    INTRODUCTION_TEXT_MAX,
    LETTER_DEVICES_MAX,
    NAME_MAX,
    RECEIPT_LETTERS_MAX,
    SLOT_BYTES,
)
from protocol.records.certificates import is_certificate
from protocol.records.record import Record
from protocol.text import check_text


class Content(Protocol):
    """The content of a letter: a frozen dataclass that checks its own fields. NUMBER names its kind on the wire."""

    NUMBER: ClassVar[int]

    def to_fields(self) -> tuple[Value, ...]:
        """Return the fields that `from_fields` reads."""

    @classmethod
    def from_fields(cls, fields: tuple[Value, ...]) -> Self:
        """Return the content of these fields. RemoteError MALFORMED if they are none."""


class Opened(NamedTuple):
    """A letter that was opened: its slot, and the tags of the devices that have opened it, see `device_tag`."""

    slot: bytes
    devices: tuple[bytes, ...]


def device_tag(device: DeviceId) -> bytes:
    """Return the 8 bytes by which a receipt names one of its author's devices."""
    return device[:DEVICE_TAG_BYTES]


class Receipt(Struct, frozen=True):
    """Says which letters of the addressee the author's devices have opened.

    Two people have one register for it in each direction (`receipt_slot`), which all devices of its author write. A newer
    version replaces the older. When all devices have opened a letter its author withdraws it, and nobody carries it any
    longer.
    """

    NUMBER: ClassVar[int] = 1
    opened: tuple[Opened, ...]
    """In ascending order of the slots, the tags of each in ascending order too."""

    def __post_init__(self) -> None:
        if not 0 < len(self.opened) <= RECEIPT_LETTERS_MAX:
            raise InvalidField("letters", f"must be 1 to {RECEIPT_LETTERS_MAX}")
        for slot, devices in self.opened:
            check_bytes("slot", slot, SLOT_BYTES)
            if not 0 < len(devices) <= LETTER_DEVICES_MAX:
                raise InvalidField("devices", f"must be 1 to {LETTER_DEVICES_MAX}")
            for device in devices:
                check_bytes("device", device, DEVICE_TAG_BYTES)
            _check_ascending("devices", devices)
        _check_ascending("letters", [one.slot for one in self.opened])

    def to_fields(self) -> tuple[Value, ...]:
        """Return the fields that `from_fields` reads."""
        return (tuple((slot, devices) for slot, devices in self.opened),)

    @classmethod
    @parses
    def from_fields(cls, fields: tuple[Value, ...]) -> Self:
        """Return the receipt of these fields. RemoteError MALFORMED if they are none."""
        match fields:
            case (tuple() as opened,):
                return cls(tuple(_opened(entry) for entry in opened))
        raise InvalidField("receipt", "must name letters")


def _opened(entry: Value) -> Opened:
    match entry:
        case (bytes() as slot, tuple() as devices):
            return Opened(slot, cast("tuple[bytes, ...]", devices))  # `Receipt` checks each
    raise InvalidField("receipt", "must name a letter and devices")


def _check_ascending(field: str, values: Sequence[bytes]) -> None:
    if any(one >= other for one, other in pairwise(values)):
        raise InvalidField(field, "must be in order, none twice")


class Introduction(Struct, frozen=True):
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
            if certificate.header.author != self.person or not is_certificate(certificate):
                raise InvalidField("certificate", "must be one of this person's")

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


_KINDS: tuple[type[Content], ...] = (Receipt, Move, Introduction, HandoverLetter, KeyShare)

CONTENTS: dict[int, type[Content]] = {kind.NUMBER: kind for kind in _KINDS}
"""The kinds of contents by their numbers on the wire."""
