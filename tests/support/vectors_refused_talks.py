"""Frames, messages of comparisons and handshakes that end a session, each with the rule that refuses it and the code."""

from __future__ import annotations

from typing import Any

from protocol.limits import (
    CARD_TEXT_MAX,
    DEVICE_NAME_MAX,
    DEVICES_MAX,
    HAVE_ITEMS_MAX,
    HELLO_CHOICES_MAX,
    IDENTIFICATION_RECORDS_MAX,
    INT_MAX,
    NAME_MAX,
    PHOTO_PART_BYTES,
    RECONCILE_CHILDREN_MAX,
    RECONCILE_LIST_MAX,
    RECONCILE_OFFERS_MAX,
    RECORDS_PER_FRAME_MAX,
)
from protocol.wire.index import Index
from protocol.wire.reconcile import _number
from tests.support.people import NOW
from tests.support.vectors_changes import Change, changed, compact, shorter, written

# --- frames ----------------------------------------------------------------------------------------------------------

_FRAMES: dict[str, tuple[list[Any], list[Change]]] = {
    "a Hello": (
        [1, [1], [1], NOW, bytes(8), bytes(8), [b"record"], bytes(8), 16, bytes(8)],
        [
            Change("versions that are no array", [1], 1),
            Change("seventeen versions", [1], list(range(HELLO_CHOICES_MAX + 1))),
            Change("a version that is text", [1], ["1"]),
            Change("a version below 0", [1], [-1]),
            Change("algorithms that are no array", [2], 1),
            Change("seventeen algorithms", [2], list(range(HELLO_CHOICES_MAX + 1))),
            Change("an algorithm that is text", [2], ["1"]),
            Change("a clock that is nil", [3], None),
            Change("a clock before 1970", [3], -1),
            Change("one root alone, the first", [5], None),
            Change("one root alone, the second", [4], None),
            Change("a first root of seven bytes", [4], bytes(7)),
            Change("a second root of seven bytes", [5], bytes(7)),
            Change("records that are no array", [6], None),
            Change("nine records", [6], [b"record"] * (IDENTIFICATION_RECORDS_MAX + 1)),
            Change("a record that is text", [6], ["record"]),
            Change("a speaker's tag of seven bytes", [7], bytes(7)),
            Change("a speaker's tag that is text", [7], "eightbyt"),
            Change("a stratum below 0", [8], -1),
            Change("a stratum that is nil", [8], None),
            Change("a run of seven bytes", [9], bytes(7)),
            Change("a run that is text", [9], "eightbyt"),
        ],
    ),
    "an Introduce": (
        [3, [b"certificate"]],
        [
            Change("records that are no array", [1], b"certificate"),
            Change("nine records", [1], [b"record"] * (IDENTIFICATION_RECORDS_MAX + 1)),
            Change("a record that is nil", [1], [None]),
        ],
    ),
    "a Roots": (
        [4, 1, 3, bytes(8)],
        [
            Change("a phase below 0", [1], -1),
            Change("a phase that is nil", [1], None),
            Change("a number below 0", [2], -1),
            Change("a root of seven bytes", [3], bytes(7)),
            Change("a root that is text", [3], "eightbyt"),
        ],
    ),
    "a Compare": ([5, b""], [Change("a message that is text", [1], "")]),
    "a Pull": (
        [6, 1],
        [
            Change("a count below 0", [1], -1),
            Change("a count that is a boolean", [1], True),
            Change("a count beyond INT_MAX", [1], INT_MAX + 1),
            Change("a map", [1], {}),
        ],
    ),
    "a Records": (
        [7, [b"record", None]],
        [
            Change("records that are no array", [1], b"record"),
            Change("a record that is text", [1], ["record"]),
        ],
    ),
    "a Headers": (
        [8, [b"header"]],
        [
            Change("headers that are no array", [1], b"header"),
            Change("a header that is nil", [1], [None]),
        ],
    ),
    "a Have": (
        [9, 1, [[NOW, bytes(12)]]],
        [
            Change("a phase below 0", [1], -1),
            Change("items that are no array", [2], 0),
            Change("257 items", [2], [[NOW, bytes(12)]] * (HAVE_ITEMS_MAX + 1)),
            Change("an item that is no array", [2, 0], 0),
            Change("an item of one field", [2, 0], [NOW]),
            Change("an item before 1970", [2, 0, 0], -1),
            Change("a prefix of 11 bytes", [2, 0, 1], bytes(11)),
            Change("a prefix of 13 bytes", [2, 0, 1], bytes(13)),
        ],
    ),
    "an Again": ([15, 1, [[NOW, bytes(12)]]], [Change("no items", [2], 0)]),
    "a Ping": (
        [11, NOW, 16],
        [
            Change("a clock before 1970", [1], -1),
            Change("a clock that is text", [1], "today"),
            Change("no stratum", [2], None),
        ],
    ),
    "a FetchPhoto": (
        [16, bytes(32)],
        [
            Change("a photo of 31 bytes", [1], bytes(31)),
            Change("a photo that is text", [1], "p" * 32),
        ],
    ),
    "a PhotoPart": (
        [17, bytes(32), b"part"],
        [
            Change("a photo of 31 bytes", [1], bytes(31)),
            Change("a photo that is nil", [1], None),
            Change("data that is text", [2], "part"),
            Change("40,001 bytes of data", [2], bytes(PHOTO_PART_BYTES + 1)),
        ],
    ),
    "a Want": ([10, b"\x05"], [Change("bits that are a number", [1], 5)]),
    "a Bye": (
        [12, 0, 0],
        [
            Change("a code below 0", [1], -1),
            Change("a code that is text", [1], "CLOSING"),
            Change("a pause below 0", [2], -1),
            Change("a pause that is text", [2], "a minute"),
        ],
    ),
    "an Enrol": (
        [13, bytes(32), bytes(32), bytes(64)],
        [
            Change("a device of 31 bytes", [1], bytes(31)),
            Change("a letter key of 31 bytes", [2], bytes(31)),
            Change("a signature of 63 bytes", [3], bytes(63)),
            Change("no signature", [3], None),
        ],
    ),
    "an Enrolled": (
        [14, b"certificate", [b"profile"], [[bytes(32), "Pi"]]],
        [
            Change("a certificate that is text", [1], "certificate"),
            Change("records that are no array", [2], b"profile"),
            Change("eighteen records", [2], [b"record"] * (DEVICES_MAX + 2)),
            Change("a record that is text", [2], ["profile"]),
            Change("names that are no array", [3], "Pi"),
            Change("seventeen names", [3], [[bytes(32), "Pi"]] * (DEVICES_MAX + 1)),
            Change("a name that is no array", [3, 0], "Pi"),
            Change("a name without its device", [3, 0], ["Pi"]),
            Change("a device of 31 bytes", [3, 0, 0], bytes(31)),
            Change("a name that is empty", [3, 0, 1], ""),
            Change("a name that is too long", [3, 0, 1], "a" * (DEVICE_NAME_MAX + 1)),
            Change("a name that is nil", [3, 0, 1], None),
        ],
    ),
    "a MeetStart": (
        [18, bytes(32)],
        [Change("a message of 31 bytes", [1], bytes(31)), Change("a message that is text", [1], "m" * 32)],
    ),
    "a MeetProof": (
        [19, bytes(32), 1],
        [
            Change("a proof of 31 bytes", [1], bytes(31)),
            Change("a proof that is nil", [1], None),
            Change("a purpose below 0", [2], -1),
            Change("a purpose that is text", [2], "1"),
        ],
    ),
    "a MeetPerson": (
        [20, b"certificate", "Alice", bytes(64)],
        [
            Change("a certificate that is text", [1], "certificate"),
            Change("a name that is empty", [2], ""),
            Change("a name that is too long", [2], "a" * (NAME_MAX + 1)),
            Change("a name of two lines", [2], "Al\nice"),
            Change("a name that is nil", [2], None),
            Change("a signature of 63 bytes", [3], bytes(63)),
        ],
    ),
    "a MeetDevice": (
        [21, "mdev1"],
        [
            Change("a code that is empty", [1], ""),
            Change("a code that is too long", [1], "a" * (CARD_TEXT_MAX + 1)),
            Change("a code that is nil", [1], None),
        ],
    ),
}
_CAPPED = {"seventeen", "eighteen", "nine", "257", "40,001"}
"""The beginnings of reasons for which the code is OVERSIZED, since a cap is passed."""


def refused_frames() -> list[dict[str, Any]]:
    """Return frames that end a session."""
    found = [
        _frame("not an array", written(1)),
        _frame("an empty array", written([])),
        _frame("a type that is text", written(["11"])),
        _frame("a type that is a boolean", written([True])),
        _frame("a number in a longer form", b"\x92\x06\xcc\x01"),
        _frame("a byte after the frame", written([11]) + b"\0"),
        _frame("a frame of more than 65,519 bytes", written([5, bytes(65_519)]), "OVERSIZED"),
        _frame("513 records", written([7, [None] * (RECORDS_PER_FRAME_MAX + 1)])),
    ]
    for name, (fields, changes) in _FRAMES.items():
        base = written(fields)
        found.append(_frame(f"{name} with too few fields", shorter(base)))
        for change in changes:
            code = "OVERSIZED" if change.why.split()[0] in _CAPPED else "MALFORMED"
            found.append(_frame(f"{name} with {change.why}", changed(base, change.path, change.value), code))
    return found


def _frame(why: str, data: bytes, code: str = "MALFORMED") -> dict[str, Any]:
    return {"why": why, "bytes": compact(data), "code": code}


# --- comparisons -----------------------------------------------------------------------------------------------------


def refused_messages(held: Index, written_items: list[Any], of_one_second: list[Any]) -> list[dict[str, Any]]:
    """Return messages that end a comparison, for somebody who holds forty items, 60 s apart or of one second."""
    created = [item[0] for item in held]
    fingerprint = bytes(4)

    def split(*bounds: bytes) -> bytes:
        head = _number(len(bounds) - 1 << 2 | 1)
        return head + fingerprint + b"".join(bound + fingerprint for bound in bounds)

    def bound(seconds: int, prefix: bytes = b"") -> bytes:
        return _number(seconds << 1 | bool(prefix)) + (bytes([len(prefix)]) + prefix if prefix else b"")

    middle = bound(created[20])
    waiting: dict[str, tuple[list[bytes], str]] = {
        "an empty message where an answer is due": ([b""], "MALFORMED"),
        "an answer of mode 3": ([b"\x03"], "MALFORMED"),
        "a head cut short": ([b"\x81"], "MALFORMED"),
        "a number with a zero behind its end": ([b"\x81\x00" + split(middle)[1:]], "MALFORMED"),
        "a number beyond INT_MAX": ([_number((INT_MAX + 1) << 2 | 2)], "MALFORMED"),
        "a second answer where one was asked for": ([b"\x00\x00"], "MALFORMED"),
        "equal ranges that were not asked about": ([_number(1 << 2)], "MALFORMED"),
        "a split into 65 parts": ([_number((RECONCILE_CHILDREN_MAX - 1) << 2 | 1)], "OVERSIZED"),
        "a split without the last fingerprint": ([split(middle)[:-4]], "MALFORMED"),
        "a split whose first fingerprint is cut short": ([split(middle)[:3]], "MALFORMED"),
        "a bound at the range's own beginning": ([split(bound(0))], "MALFORMED"),
        "a bound that is the one before it": ([split(middle, bound(0))], "MALFORMED"),
        "a bound beyond INT_MAX seconds": ([split(middle, bound(INT_MAX >> 1), bound(INT_MAX >> 1))], "MALFORMED"),
        "a bound with a prefix of 0 bytes": ([split(_number(created[20] << 1 | 1) + b"\x00")], "MALFORMED"),
        "a bound with a prefix of 33 bytes": ([split(_number(created[20] << 1 | 1) + b"\x21" + bytes(33))], "MALFORMED"),
        "a bound whose prefix is cut short": ([_number(1) + fingerprint + _number(created[20] << 1 | 1) + b"\x20\x01"], "MALFORMED"),
        "a list of 257": ([_number((RECONCILE_LIST_MAX + 1) << 2 | 2) + bytes(257 * 3)], "OVERSIZED"),
        "a list cut short": ([_number(2 << 2 | 2) + bytes(5)], "MALFORMED"),
    }  # fmt: skip
    # The opener's first message splits its forty items into five ranges.
    opening: dict[str, tuple[list[bytes], str]] = {
        "a bound beyond the range": ([split(bound(created[39]))], "MALFORMED"),
        "equal ranges past the last one asked about": ([_number(5 << 2)], "MALFORMED"),
    }
    # With three items the opener lists them all.
    lists: dict[str, tuple[list[bytes], str]] = {
        "lacking bits beyond the list": ([b"\x08" + _number(0)], "MALFORMED"),
        "lacking without the number of further items": ([b"\x07"], "MALFORMED"),
        "an empty message in place of what is lacking": ([b""], "MALFORMED"),
        "lacking, and more items than may be offered": ([b"\x00" + _number(RECONCILE_OFFERS_MAX + 1)], "OVERSIZED"),
        "equal ranges in place of what is lacking": ([b"\x00"], "MALFORMED"),
    }
    # Bounds between items of one second have prefixes, and the next range begins at one of them.
    prefixed: dict[str, tuple[list[bytes], str]] = {
        "a bound before the range": ([b"\x00" + split(bound(0, b"\x00"))], "MALFORMED"),
    }
    return [
        {"why": why, "number": 9, "opens": opens, "items": items, "received": [compact(m) for m in messages], "code": code}
        for opens, items, cases in (
            (False, written_items, waiting),
            (True, written_items, opening),
            (True, written_items[:3], lists),
            (True, of_one_second, prefixed),
        )
        for why, (messages, code) in cases.items()
    ]  # fmt: skip
