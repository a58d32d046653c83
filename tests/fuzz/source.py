"""Reads the bytes of a fuzzer's input as a series of decisions, so that an input can name structure and not only bytes.

A fuzzer that flips bytes seldom gets past a checksum, a canonical encoding or a signature. A harness therefore begins with
something sound and lets the input decide what is changed in it, before it is encoded or signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from protocol import LocalError, RemoteError, Value, decode, encode, limits

Choice = TypeVar("Choice")

NUMBERS = (
    0,
    1,
    2,
    -1,
    16,
    255,
    256,
    65_535,
    2**31,
    2**32,
    1_800_000_000,
    limits.TIME_MAX,
    limits.TIME_MAX + 1,
    limits.VERSION_MAX,
    limits.VERSION_MAX + 1,
    limits.INT_MAX - 1,
    limits.INT_MAX,
    -limits.INT_MAX,
)
TEXTS = (
    "",
    " ",
    "x",
    "x" * 65,
    "x" * 2_001,
    "ü",
    "e\u0301",
    "\u200d",
    "a\u200db",
    "\u202e",
    "\u2060",
    "\ufeff",
    "\U000e0001",
    "\n",
    "\0",
    "\x1b[2J",
    "\ufdd0",
    "\U0010ffff",
    "ﷺ",
    "👩‍👩‍👧",
    "नि",
    "862a1072fffffff",
    "pt-BR",
)
LENGTHS = (0, 1, 8, 12, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 1_000)


def as_bytes(value: Value) -> bytes:
    """Return the bytes of a value; none where the changes have made one that the codec cannot write."""
    try:
        return encode(value)
    except LocalError:
        return b""


class Source:
    """Hands out decisions from an input, first to last; when its bytes are used up, every decision is the first choice."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return len(self._data) - self._at

    def byte(self) -> int:
        """Return a number from 0 to 255."""
        taken = self.take(1)
        return taken[0] if taken else 0

    def take(self, count: int) -> bytes:
        """Return the next bytes as they are, at most `count`."""
        taken = self._data[self._at : self._at + count]
        self._at += len(taken)
        return taken

    def below(self, count: int) -> int:
        """Return a number from 0 to less than `count`."""
        return int.from_bytes(self.take(1 if count <= 256 else 2), "big") % count

    def pick(self, choices: Sequence[Choice]) -> Choice:
        """Return one of these."""
        return choices[self.below(len(choices))]

    def number(self) -> int:
        """Return a number that the codec can write; often one at the edge of a rule."""
        if self.below(4):
            return self.pick(NUMBERS)
        return int.from_bytes(self.take(7), "big", signed=True) % (limits.INT_MAX + 1)

    def byte_string(self) -> bytes:
        """Return a byte string, often of the length of a key, an id or a signature."""
        length = self.pick(LENGTHS)
        return self.take(length).ljust(length, b"\0") if self.below(2) else bytes([self.byte()]) * length

    def text(self) -> str:
        """Return a text, often with a character that some rule is about."""
        if self.below(3):
            return self.pick(TEXTS)
        return self.take(self.byte()).decode("utf-8", "replace")

    def value(self, depth: int = 3) -> Value:
        """Return any value of the codec, with arrays at most `depth` deep."""
        match self.below(7 if depth else 5):
            case 0:
                return self.number()
            case 1:
                return self.byte_string()
            case 2:
                return self.text()
            case 3:
                return None
            case 4:
                return bool(self.below(2))
            case _:
                return tuple(self.value(depth - 1) for _ in range(self.below(6)))

    def edited(self, value: Value, edits: int = 3) -> Value:
        """Return `value` with up to so many changes, each at some place in it."""
        for _ in range(self.below(edits + 1)):
            value = self._edited_once(value)
        return value

    def edited_bytes(self, data: bytes) -> bytes:
        """Return `data` cut short, lengthened, or with a part of it overwritten."""
        at = self.below(len(data) + 1)
        match self.below(4):
            case 0:
                return data[:at] + bytes([self.byte()]) + data[at + 1 :]
            case 1:
                return data[:at]
            case 2:
                return data[:at] + self.take(self.byte()) + data[at:]
            case _:
                return data[:at] + data[at + self.byte() :]

    def _edited_once(self, value: Value) -> Value:
        if isinstance(value, tuple) and value and self.below(8):
            return self._edited_array(value)
        if isinstance(value, bytes) and value and self.below(3):
            return self._edited_encoding(value)
        if isinstance(value, str) and value and self.below(2):
            at = self.below(len(value) + 1)
            return value[:at] + self.pick(TEXTS) + value[at + self.below(2) :]
        if type(value) is int and self.below(2):
            return max(-limits.INT_MAX, min(limits.INT_MAX, value + self.pick((1, -1, 256, -256))))
        return self.value()

    def _edited_array(self, items: tuple[Value, ...]) -> Value:
        at = self.below(len(items))
        match self.below(8):
            case 0:
                return items[:at] + items[at + 1 :]
            case 1:
                return (*items[:at], items[at], *items[at:])
            case 2:
                return (*items[:at], self.value(), *items[at:])
            case 3:
                return items[::-1]
            case _:
                return (*items[:at], self._edited_once(items[at]), *items[at + 1 :])

    def _edited_encoding(self, data: bytes) -> bytes:
        """Return bytes with a change in them; in what they encode, where they encode something."""
        try:
            inner = decode(data, max_bytes=len(data)) if data[0] >> 4 == 9 else None
        except RemoteError:
            inner = None
        return self.edited_bytes(data) if inner is None else as_bytes(self._edited_once(inner))
