"""The frames that two sessions exchange, and their bytes: one canonical array each, its first element the type.

A frame is what one message of the channel carries. Reading checks form and caps; whether a frame may come now is the
session's to say. Spec: README.md, "Frames".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from protocol.codec import Value, decode, encode
from protocol.errors import Code, RemoteError
from protocol.keys import KEY_BYTES, SIGNATURE_BYTES
from protocol.limits import (
    DEVICE_NAME_MAX,
    DEVICES_MAX,
    FRAME_MAX_BYTES,
    HAVE_ITEMS_MAX,
    HELLO_CHOICES_MAX,
    INTRODUCTION_RECORDS_MAX,
    RECORDS_PER_FRAME_MAX,
)
from protocol.text import check_text
from protocol.wire.reconcile import ROOT_BYTES

HAVE_PREFIX_BYTES = 12  # of an id: whoever makes two records alike by 2^48 hashes delays his own second one, no more

_FRAME_OVERHEAD = 8  # a frame's own array head, type and inner array head, rounded up
_ENTRY_OVERHEAD = 3  # the length before each record's bytes
_HELLO_FIELDS = 8
WHO_BYTES = 8


@dataclass(frozen=True, slots=True)
class Hello:
    """The first frame of either side: what it speaks, its clock, and, where it knows whom it talks to, its roots."""

    versions: tuple[int, ...]
    algorithms: tuple[int, ...]  # of reconciliation
    wall: int  # UNIX seconds
    roots: tuple[bytes, bytes] | None  # fingerprints of both phases
    records: tuple[bytes, ...] = ()  # an introduction, as in Introduce
    who: bytes | None = None  # the tag of the person and device that speak; see session/greeting.py


@dataclass(frozen=True, slots=True)
class Who:
    """Your key is not known here: show your certificate."""


@dataclass(frozen=True, slots=True)
class Introduce:
    """The certificate of the device that speaks, and what else its owner wants to show at once; whole records."""

    records: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Roots:
    """The fingerprint of one phase's whole set, in the session's comparison of that number."""

    phase: int
    number: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Compare:
    """One message of the reconciliation that is under way."""

    message: bytes


@dataclass(frozen=True, slots=True)
class Pull:
    """Send me the next `count` of the records that I lack."""

    count: int


@dataclass(frozen=True, slots=True)
class Records:
    """Pulled records in order, whole; None for one that cannot be given any more."""

    entries: tuple[bytes | None, ...]


@dataclass(frozen=True, slots=True)
class Headers:
    """Headers that supersede versions which the other side may hold; nobody asked for them."""

    entries: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Have:
    """New here: (created, first 12 bytes of the id) of each."""

    phase: int
    items: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class Want:
    """The answer to the oldest unanswered Have: one bit an item, lowest first, set where the item is lacking."""

    bits: bytes


@dataclass(frozen=True, slots=True)
class Ping:
    """Still here."""


@dataclass(frozen=True, slots=True)
class Bye:
    """The last frame, and why (a Code's number)."""

    code: int


@dataclass(frozen=True, slots=True)
class Enrol:
    """A new device asks to be certified: its keys for records and letters, and that it holds the first of them."""

    device: bytes
    letter_key: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Enrolled:
    """It is: its certificate, records of its person to begin with, and what he calls his devices; records are whole."""

    certificate: bytes
    records: tuple[bytes, ...]
    names: tuple[tuple[bytes, str], ...]


Frame: TypeAlias = (
    Hello | Who | Introduce | Roots | Compare | Pull | Records | Headers | Have | Want | Ping | Bye | Enrol | Enrolled
)

FRAME_TYPES: dict[type[Frame], int] = {
    Hello: 1,
    Who: 2,
    Introduce: 3,
    Roots: 4,
    Compare: 5,
    Pull: 6,
    Records: 7,
    Headers: 8,
    Have: 9,
    Want: 10,
    Ping: 11,
    Bye: 12,
    Enrol: 13,
    Enrolled: 14,
}


def encode_frame(frame: Frame) -> bytes:
    """The bytes of a frame, at most FRAME_MAX_BYTES if its parts keep to their caps."""
    fields: tuple[Value, ...]
    match frame:
        case Hello(versions, algorithms, wall, roots, records, who):
            fields = (versions, algorithms, wall, *(roots or (None, None)), records, who)
        case Roots(phase, number, root):
            fields = (int(phase), number, root)
        case Compare(value) | Want(value) | Introduce(value) | Records(value) | Headers(value):
            fields = (value,)
        case Pull(number) | Bye(number):
            fields = (int(number),)
        case Enrol(device, letter_key, signature):
            fields = (device, letter_key, signature)
        case Enrolled(certificate, records, names):
            fields = (certificate, records, names)
        case Have(phase, items):
            fields = (int(phase), items)
        case Who() | Ping():
            fields = ()
    return encode((FRAME_TYPES[type(frame)], *fields))


def decode_frame(data: bytes) -> Frame:
    """The frame in `data`. RemoteError MALFORMED, OVERSIZED, or UNKNOWN_KIND for a type that does not exist."""
    value = decode(data, max_bytes=FRAME_MAX_BYTES, max_items=RECORDS_PER_FRAME_MAX)
    if not isinstance(value, tuple) or not value or type(value[0]) is not int:
        raise RemoteError(Code.MALFORMED, "a frame is an array that begins with its type")
    reader = _READERS.get(value[0])
    if reader is None:
        raise RemoteError(Code.UNKNOWN_KIND, f"frame type {value[0]}")
    return reader(value[1:])


def pack(entries: list[bytes | None]) -> tuple[list[tuple[bytes | None, ...]], list[bytes | None]]:
    """Entries in portions that each fill a Records frame, and the rest, which does not fill one yet."""
    full: list[tuple[bytes | None, ...]] = []
    portion: list[bytes | None] = []
    size = _FRAME_OVERHEAD
    for entry in entries:
        extra = _ENTRY_OVERHEAD + (len(entry) if entry is not None else 0)
        if portion and (size + extra > FRAME_MAX_BYTES or len(portion) == RECORDS_PER_FRAME_MAX):
            full.append(tuple(portion))
            portion, size = [], _FRAME_OVERHEAD
        portion.append(entry)
        size += extra
    return full, portion


# --- reading -------------------------------------------------------------------------------------------------------

_Fields: TypeAlias = tuple[Value, ...]


def _malformed(what: str) -> RemoteError:
    return RemoteError(Code.MALFORMED, what)


def _count(fields: _Fields, number: int) -> None:
    if len(fields) != number:
        raise _malformed(f"a frame of {len(fields)} fields instead of {number}")


def _integer(value: Value, top: int | None = None) -> int:
    if type(value) is not int or value < 0 or (top is not None and value > top):
        raise _malformed("a number in a frame is missing or out of range")
    return value


def _bytes(value: Value, length: int | None = None) -> bytes:
    if not isinstance(value, bytes) or (length is not None and len(value) != length):
        raise _malformed("bytes in a frame are missing or of the wrong length")
    return value


def _array(value: Value, top: int) -> _Fields:
    if not isinstance(value, tuple):
        raise _malformed("an array in a frame is missing")
    if len(value) > top:
        raise RemoteError(Code.OVERSIZED, f"an array of {len(value)} in a frame")
    return value


def _read_hello(fields: _Fields) -> Frame:
    # Later versions may say more at the end: what is not known is not looked at.
    if len(fields) < _HELLO_FIELDS - 1:
        raise _malformed("a Hello that says too little")
    versions = tuple(_integer(value) for value in _array(fields[0], HELLO_CHOICES_MAX))
    algorithms = tuple(_integer(value) for value in _array(fields[1], HELLO_CHOICES_MAX))
    roots = None
    if fields[3] is not None or fields[4] is not None:
        roots = (_bytes(fields[3], ROOT_BYTES), _bytes(fields[4], ROOT_BYTES))
    who = None if fields[6] is None else _bytes(fields[6], WHO_BYTES)
    return Hello(versions, algorithms, _integer(fields[2]), roots, _read_introduction(fields[5]), who)


def _read_introduction(value: Value) -> tuple[bytes, ...]:
    return tuple(_bytes(entry) for entry in _array(value, INTRODUCTION_RECORDS_MAX))


def _read_introduce(fields: _Fields) -> Frame:
    _count(fields, 1)
    return Introduce(_read_introduction(fields[0]))


def _read_roots(fields: _Fields) -> Frame:
    _count(fields, 3)
    return Roots(_integer(fields[0]), _integer(fields[1]), _bytes(fields[2], ROOT_BYTES))


def _read_compare(fields: _Fields) -> Frame:
    _count(fields, 1)
    return Compare(_bytes(fields[0]))


def _read_pull(fields: _Fields) -> Frame:
    _count(fields, 1)
    return Pull(_integer(fields[0]))


def _read_records(fields: _Fields) -> Frame:
    _count(fields, 1)
    entries = _array(fields[0], RECORDS_PER_FRAME_MAX)
    return Records(tuple(None if entry is None else _bytes(entry) for entry in entries))


def _read_headers(fields: _Fields) -> Frame:
    _count(fields, 1)
    return Headers(tuple(_bytes(entry) for entry in _array(fields[0], RECORDS_PER_FRAME_MAX)))


def _read_have(fields: _Fields) -> Frame:
    _count(fields, 2)
    items = []
    for item in _array(fields[1], HAVE_ITEMS_MAX):
        pair = item if isinstance(item, tuple) else ()
        _count(pair, 2)
        items.append((_integer(pair[0]), _bytes(pair[1], HAVE_PREFIX_BYTES)))
    return Have(_integer(fields[0]), tuple(items))


def _read_want(fields: _Fields) -> Frame:
    _count(fields, 1)
    return Want(_bytes(fields[0]))


def _read_bye(fields: _Fields) -> Frame:
    _count(fields, 1)
    return Bye(_integer(fields[0]))


def _read_enrol(fields: _Fields) -> Frame:
    _count(fields, 3)
    return Enrol(_bytes(fields[0], KEY_BYTES), _bytes(fields[1], KEY_BYTES), _bytes(fields[2], SIGNATURE_BYTES))


def _read_enrolled(fields: _Fields) -> Frame:
    _count(fields, 3)
    records = tuple(_bytes(entry) for entry in _array(fields[1], DEVICES_MAX + 1))
    names = []
    for entry in _array(fields[2], DEVICES_MAX):
        pair = entry if isinstance(entry, tuple) else ()
        _count(pair, 2)
        device, name = _bytes(pair[0], KEY_BYTES), pair[1]
        if not isinstance(name, str):
            raise _malformed("the name of a device is missing")
        check_text("name", name, DEVICE_NAME_MAX, shortest=1)
        names.append((device, name))
    return Enrolled(_bytes(fields[0]), records, tuple(names))


def _read_nothing(frame: Frame) -> Callable[[_Fields], Frame]:
    def read(fields: _Fields) -> Frame:
        _count(fields, 0)
        return frame

    return read


_READERS: dict[int, Callable[[_Fields], Frame]] = {
    FRAME_TYPES[Hello]: _read_hello,
    FRAME_TYPES[Who]: _read_nothing(Who()),
    FRAME_TYPES[Introduce]: _read_introduce,
    FRAME_TYPES[Roots]: _read_roots,
    FRAME_TYPES[Compare]: _read_compare,
    FRAME_TYPES[Pull]: _read_pull,
    FRAME_TYPES[Records]: _read_records,
    FRAME_TYPES[Headers]: _read_headers,
    FRAME_TYPES[Have]: _read_have,
    FRAME_TYPES[Want]: _read_want,
    FRAME_TYPES[Ping]: _read_nothing(Ping()),
    FRAME_TYPES[Bye]: _read_bye,
    FRAME_TYPES[Enrol]: _read_enrol,
    FRAME_TYPES[Enrolled]: _read_enrolled,
}
