"""The frames that two sessions exchange, and their bytes: one canonical array each, its first element the type.

One message of the channel carries one frame. Reading checks form and caps; the session decides whether a frame may come
now. Further fields of a known frame are passed over: a newer version may send them. Spec: protocol/README.md, "Frames".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from protocol.codec import Value, decode, encode
from protocol.errors import Code, RemoteError
from protocol.fields import parses
from protocol.keys import KEY_BYTES, SIGNATURE_BYTES
from protocol.limits import (
    CARD_TEXT_MAX,
    DEVICE_NAME_MAX,
    DEVICES_MAX,
    FRAME_MAX_BYTES,
    HAVE_ITEMS_MAX,
    HELLO_CHOICES_MAX,
    IDENTIFICATION_RECORDS_MAX,
    NAME_MAX,
    PHOTO_PART_BYTES,
    RECORDS_PER_FRAME_MAX,
    RUN_BYTES,
)
from protocol.records.photo import PHOTO_HASH_BYTES
from protocol.text import check_text
from protocol.wire.meeting_frames import MeetDevice, MeetPerson, MeetProof, MeetStart
from protocol.wire.reconcile import ROOT_BYTES
from protocol.wire.stratum import DOUBT

HAVE_PREFIX_BYTES = 12  # of an id: an author who makes two records alike by 2^48 hashes only delays the second

FRAME_OVERHEAD = 8  # a frame's own array head, type and inner array head, rounded up
ENTRY_OVERHEAD = 3  # the length before each record's bytes
SPEAKER_TAG_BYTES = 8
MEET_BYTES = 32  # of a message of SPAKE2, and of a proof of its key


class Hello(Struct, frozen=True):
    """The first frame of either side: its versions and clock and, if it has admitted the other side, its roots."""

    versions: tuple[int, ...]
    algorithms: tuple[int, ...]  # of reconciliation
    wall: int  # UNIX seconds
    roots: tuple[bytes, bytes] | None  # fingerprints of both phases' sets
    records: tuple[bytes, ...] = ()  # a self-identification, as in Introduce; may be empty
    speaker_tag: bytes | None = None  # names the sender's person and device; see session/greeting.py
    stratum: int = DOUBT  # of the clock; see wire/stratum.py
    run: bytes = bytes(RUN_BYTES)  # the sender drew it when it started


class Who(Struct, frozen=True):
    """Asks for the certificate of the device that the channel's static key belongs to."""


class Introduce(Struct, frozen=True):
    """Answers Who by a self-identification: the sender's certificate, and what else it wants to show; whole records."""

    records: tuple[bytes, ...]


class Roots(Struct, frozen=True):
    """Carries the fingerprint of one phase's whole set, for the session's comparison of that number."""

    phase: int
    number: int
    root: bytes


class Compare(Struct, frozen=True):
    """Carries one message of the reconciliation that is under way."""

    message: bytes


class Pull(Struct, frozen=True):
    """Asks for the next `count` records that were offered."""

    count: int


class Records(Struct, frozen=True):
    """Carries pulled records in order, whole; None for one that can no longer be given."""

    entries: tuple[bytes | None, ...]


class Headers(Struct, frozen=True):
    """Carries unasked headers, which supersede versions that the other side may hold."""

    entries: tuple[bytes, ...]


class Have(Struct, frozen=True):
    """Announces new items of a phase's set: (created, first 12 bytes of the id) of each."""

    phase: int
    items: tuple[tuple[int, bytes], ...]


class Want(Struct, frozen=True):
    """Answers the oldest unanswered Have: one bit an item, lowest first, set where the item is lacking."""

    bits: bytes


class Again(Struct, frozen=True):
    """Asks for items to be announced again that the sender was shown and could not take then; written as in Have."""

    phase: int
    items: tuple[tuple[int, bytes], ...]


class Ping(Struct, frozen=True):
    """Shows that the sender is still there, and tells the time that it goes by, as Hello does."""

    wall: int = 0
    stratum: int = DOUBT


class Bye(Struct, frozen=True):
    """Ends the session; `code` is the number of a Code, or of one that only a newer version knows.

    With BUSY, `pause` says in how many seconds the other side is to come back; 0 leaves it the choice.
    """

    code: int
    pause: int = 0


class Enrol(Struct, frozen=True):
    """Asks for a certificate: a new device's keys for records and letters, and its signature with the first of them."""

    device: bytes
    letter_key: bytes
    signature: bytes


class Enrolled(Struct, frozen=True):
    """Answers Enrol: the certificate, first records of the device's person, and the names of the person's devices."""

    certificate: bytes
    records: tuple[bytes, ...]  # whole, like the certificate
    names: tuple[tuple[bytes, str], ...]


class FetchPhoto(Struct, frozen=True):
    """Asks for a photo, or a thumbnail, of a listing that both sides may have."""

    photo: bytes  # its hash


class PhotoPart(Struct, frozen=True):
    """Carries the next part of the photo that was asked for; None if it cannot be given."""

    photo: bytes
    data: bytes | None


Frame: TypeAlias = (
    Hello
    | Who
    | Introduce
    | Roots
    | Compare
    | Pull
    | Records
    | Headers
    | Have
    | Want
    | Ping
    | Bye
    | Enrol
    | Enrolled
    | Again
    | FetchPhoto
    | PhotoPart
    | MeetStart
    | MeetProof
    | MeetPerson
    | MeetDevice
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
    Again: 15,
    FetchPhoto: 16,
    PhotoPart: 17,
    MeetStart: 18,
    MeetProof: 19,
    MeetPerson: 20,
    MeetDevice: 21,
}


def encode_frame(frame: Frame) -> bytes:
    """Return the bytes of a frame: at most FRAME_MAX_BYTES if its parts keep to their caps."""
    fields: tuple[Value, ...]
    match frame:
        case Hello(versions, algorithms, wall, roots, records, speaker_tag, stratum, run):
            fields = (versions, algorithms, wall, *(roots or (None, None)), records, speaker_tag, stratum, run)
        case Roots(phase, number, root):
            fields = (int(phase), number, root)
        case Compare(value) | Want(value) | Introduce(value) | Records(value) | Headers(value) | FetchPhoto(value):
            fields = (value,)
        case Pull(number):
            fields = (number,)
        case Bye(code, pause):
            fields = (int(code), pause)
        case Have(phase, items) | Again(phase, items):
            fields = (int(phase), items)
        case Ping(first, second) | PhotoPart(first, second) | MeetProof(first, second):
            fields = (first, second)
        case Enrol(one, two, three) | Enrolled(one, two, three) | MeetPerson(one, two, three):
            fields = (one, two, three)
        case MeetStart(text) | MeetDevice(text):
            fields = (text,)
        case Who():
            fields = ()
    return encode((FRAME_TYPES[type(frame)], *fields))


@parses
def decode_frame(data: bytes) -> Frame:
    """Return the frame in `data`. RemoteError MALFORMED, OVERSIZED, or UNKNOWN_KIND for a type of a newer version."""
    value = decode(data, max_bytes=FRAME_MAX_BYTES, max_items=RECORDS_PER_FRAME_MAX)
    if not isinstance(value, tuple) or not value or type(value[0]) is not int:
        raise RemoteError(Code.MALFORMED, "a frame is an array that begins with its type")
    reader = _READERS.get(value[0])
    if reader is None:
        raise RemoteError(Code.UNKNOWN_KIND, f"frame type {value[0]}")
    return reader(value[1:])


def decode_known(data: bytes) -> Frame | None:
    """Return the frame in `data`, or None if its type is from a newer version: such a frame is passed over."""
    try:
        return decode_frame(data)
    except RemoteError as error:
        if error.code is Code.UNKNOWN_KIND:
            return None
        raise


def pack(entries: list[bytes | None]) -> tuple[list[tuple[bytes | None, ...]], list[bytes | None]]:
    """Return the entries in portions that each fill a Records frame, and the rest, which does not fill one yet."""
    full: list[tuple[bytes | None, ...]] = []
    portion: list[bytes | None] = []
    size = FRAME_OVERHEAD
    for entry in entries:
        extra = ENTRY_OVERHEAD + (len(entry) if entry is not None else 0)
        if portion and (size + extra > FRAME_MAX_BYTES or len(portion) == RECORDS_PER_FRAME_MAX):
            full.append(tuple(portion))
            portion, size = [], FRAME_OVERHEAD
        portion.append(entry)
        size += extra
    return full, portion


# --- reading -------------------------------------------------------------------------------------------------------

_Fields: TypeAlias = tuple[Value, ...]


def _malformed(what: str) -> RemoteError:
    return RemoteError(Code.MALFORMED, what)


def _at_least(fields: _Fields, number: int) -> None:
    if len(fields) < number:
        raise _malformed(f"a frame of {len(fields)} fields instead of {number}")


def _pair(value: Value) -> tuple[Value, Value]:
    if not isinstance(value, tuple) or len(value) != 2:
        raise _malformed("a pair in a frame is missing")
    return value[0], value[1]


def _integer(value: Value) -> int:
    if type(value) is not int or value < 0:
        raise _malformed("a number in a frame is missing or negative")
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
    _at_least(fields, 9)
    versions = tuple(_integer(value) for value in _array(fields[0], HELLO_CHOICES_MAX))
    algorithms = tuple(_integer(value) for value in _array(fields[1], HELLO_CHOICES_MAX))
    roots = None
    if fields[3] is not None or fields[4] is not None:
        roots = (_bytes(fields[3], ROOT_BYTES), _bytes(fields[4], ROOT_BYTES))
    speaker_tag = None if fields[6] is None else _bytes(fields[6], SPEAKER_TAG_BYTES)
    wall, records, stratum = _integer(fields[2]), _read_identification(fields[5]), _integer(fields[7])
    run = _bytes(fields[8], RUN_BYTES)
    return Hello(versions, algorithms, wall, roots, records, speaker_tag, stratum, run)


def _read_identification(value: Value) -> tuple[bytes, ...]:
    return tuple(_bytes(entry) for entry in _array(value, IDENTIFICATION_RECORDS_MAX))


def _read_introduce(fields: _Fields) -> Frame:
    _at_least(fields, 1)
    return Introduce(_read_identification(fields[0]))


def _read_roots(fields: _Fields) -> Frame:
    _at_least(fields, 3)
    return Roots(_integer(fields[0]), _integer(fields[1]), _bytes(fields[2], ROOT_BYTES))


def _read_compare(fields: _Fields) -> Frame:
    _at_least(fields, 1)
    return Compare(_bytes(fields[0]))


def _read_pull(fields: _Fields) -> Frame:
    _at_least(fields, 1)
    return Pull(_integer(fields[0]))


def _read_records(fields: _Fields) -> Frame:
    _at_least(fields, 1)
    entries = _array(fields[0], RECORDS_PER_FRAME_MAX)
    return Records(tuple(None if entry is None else _bytes(entry) for entry in entries))


def _read_headers(fields: _Fields) -> Frame:
    _at_least(fields, 1)
    return Headers(tuple(_bytes(entry) for entry in _array(fields[0], RECORDS_PER_FRAME_MAX)))


def _read_items(frame: type[Have | Again]) -> Callable[[_Fields], Frame]:
    def read(fields: _Fields) -> Frame:
        _at_least(fields, 2)
        items = []
        for item in _array(fields[1], HAVE_ITEMS_MAX):
            created, prefix = _pair(item)
            items.append((_integer(created), _bytes(prefix, HAVE_PREFIX_BYTES)))
        return frame(_integer(fields[0]), tuple(items))

    return read


def _read_want(fields: _Fields) -> Frame:
    _at_least(fields, 1)
    return Want(_bytes(fields[0]))


def _read_bye(fields: _Fields) -> Frame:
    _at_least(fields, 2)
    return Bye(_integer(fields[0]), _integer(fields[1]))


def _read_ping(fields: _Fields) -> Frame:
    _at_least(fields, 2)
    return Ping(_integer(fields[0]), _integer(fields[1]))


def _read_fetch_photo(fields: _Fields) -> Frame:
    _at_least(fields, 1)
    return FetchPhoto(_bytes(fields[0], PHOTO_HASH_BYTES))


def _read_photo_part(fields: _Fields) -> Frame:
    _at_least(fields, 2)
    data = None if fields[1] is None else _bytes(fields[1])
    if data is not None and len(data) > PHOTO_PART_BYTES:
        raise RemoteError(Code.OVERSIZED, f"a part of {len(data)} bytes of a photo")
    return PhotoPart(_bytes(fields[0], PHOTO_HASH_BYTES), data)


def _read_enrol(fields: _Fields) -> Frame:
    _at_least(fields, 3)
    return Enrol(_bytes(fields[0], KEY_BYTES), _bytes(fields[1], KEY_BYTES), _bytes(fields[2], SIGNATURE_BYTES))


def _read_enrolled(fields: _Fields) -> Frame:
    _at_least(fields, 3)
    records = tuple(_bytes(entry) for entry in _array(fields[1], DEVICES_MAX + 1))
    names = []
    for entry in _array(fields[2], DEVICES_MAX):
        key, name = _pair(entry)
        names.append((_bytes(key, KEY_BYTES), _line("name", name, DEVICE_NAME_MAX)))
    return Enrolled(_bytes(fields[0]), records, tuple(names))


def _read_meet_start(fields: _Fields) -> Frame:
    _at_least(fields, 1)
    return MeetStart(_bytes(fields[0], MEET_BYTES))


def _read_meet_proof(fields: _Fields) -> Frame:
    _at_least(fields, 2)
    return MeetProof(_bytes(fields[0], MEET_BYTES), _integer(fields[1]))


def _read_meet_person(fields: _Fields) -> Frame:
    _at_least(fields, 3)
    certificate, signature = _bytes(fields[0]), _bytes(fields[2], SIGNATURE_BYTES)
    return MeetPerson(certificate, _line("name", fields[1], NAME_MAX), signature)


def _read_meet_device(fields: _Fields) -> Frame:
    _at_least(fields, 1)
    return MeetDevice(_line("code", fields[0], CARD_TEXT_MAX))


def _line(field: str, value: Value, longest: int) -> str:
    if not isinstance(value, str):
        raise _malformed("a text in a frame is missing")
    check_text(field, value, longest, shortest=1)
    return value


def _read_nothing(frame: Frame) -> Callable[[_Fields], Frame]:
    def read(_fields: _Fields) -> Frame:
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
    FRAME_TYPES[Have]: _read_items(Have),
    FRAME_TYPES[Want]: _read_want,
    FRAME_TYPES[Ping]: _read_ping,
    FRAME_TYPES[Bye]: _read_bye,
    FRAME_TYPES[Enrol]: _read_enrol,
    FRAME_TYPES[Enrolled]: _read_enrolled,
    FRAME_TYPES[Again]: _read_items(Again),
    FRAME_TYPES[FetchPhoto]: _read_fetch_photo,
    FRAME_TYPES[PhotoPart]: _read_photo_part,
    FRAME_TYPES[MeetStart]: _read_meet_start,
    FRAME_TYPES[MeetProof]: _read_meet_proof,
    FRAME_TYPES[MeetPerson]: _read_meet_person,
    FRAME_TYPES[MeetDevice]: _read_meet_device,
}
