"""An index of words in memory: which places have a word that begins so, answered as a set of bits.

A place is a small number that stands for whatever was put there. What a hundred thousand places share is one bit each,
so that combining several words, kinds and exceptions costs microseconds; what only a few have is a list of them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator

_BITS_OF_A_NUMBER = 32  # in a list of places: from there on a bit for each place there is takes less
_LIST_MIN = 64  # shorter lists stay lists
_LAST = "\U0010ffff"  # no word begins with it
_FLAGS = bytes.maketrans(b"01", b"\x00\x01")
_DIGITS = bytes.maketrans(b"\x00\x01", b"01")


def flags(bits: int, count: int) -> bytes:
    """One byte for each of `count` places: 1 where the bit is set, else 0."""
    return f"{bits:b}".encode().translate(_FLAGS)[::-1].ljust(count, b"\x00")


def bits_of(flagged: Iterable[bool]) -> int:
    """The set of those places, counted from 0, that are flagged."""
    digits = bytes(flagged)[::-1].translate(_DIGITS)
    return int(digits, 2) if digits else 0


def doc_ids_in(bits: int) -> Iterator[int]:
    """The places whose bits are set, in growing order; meant for few of them."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


class DocIds:
    """A set of places that grows and shrinks by one; `int()` of it has their bits."""

    __slots__ = ("_bytes",)

    def __init__(self, places: Iterable[int] = ()) -> None:
        self._bytes = bytearray()
        for place in places:
            self.add(place)

    def add(self, place: int) -> None:
        """Put `place` in."""
        at = place >> 3
        if at >= len(self._bytes):
            self._bytes.extend(bytes(at - len(self._bytes) + 1 + at // 8))
        self._bytes[at] |= 1 << (place & 7)

    def discard(self, place: int) -> None:
        """Take `place` out, if it is in."""
        at = place >> 3
        if at < len(self._bytes):
            self._bytes[at] &= ~(1 << (place & 7))

    def __int__(self) -> int:
        return int.from_bytes(self._bytes, "little")


class WordIndex:
    """WordIndex and the places that have them. A word is never forgotten: who takes places away leaves them out himself."""

    def __init__(self) -> None:
        self._places: dict[str, int | array[int] | DocIds] = {}
        self._sorted: list[str] = []
        self._unsorted: list[str] = []

    def __len__(self) -> int:
        return len(self._places)

    def add(self, place: int, words: Iterable[str], new_max: int) -> int:
        """Put `words` at `place`; places come in growing order. Returns how many were new, `new_max` at most.

        Those beyond are left out: a word that nobody has used yet costs some 200 bytes, many times its own length.
        """
        new = 0
        for word in words:
            held = self._places.get(word)
            if held is None:
                if new < new_max:
                    self._places[word] = place
                    self._unsorted.append(word)
                    new += 1
            elif isinstance(held, DocIds):
                held.add(place)
            elif isinstance(held, int):
                self._places[word] = array("I", (held, place))
            else:
                held.append(place)
                if len(held) > _LIST_MIN and len(held) * _BITS_OF_A_NUMBER > place:
                    self._places[word] = DocIds(held)
        return new

    def with_prefix(self, beginning: str) -> int:
        """The bits of all places that have a word which begins so."""
        if self._unsorted:
            self._sorted += self._unsorted
            self._sorted.sort()  # nearly sorted already: that is quick
            self._unsorted.clear()
        bits, single = 0, DocIds()
        first = bisect_left(self._sorted, beginning)
        for word in self._sorted[first : bisect_left(self._sorted, beginning + _LAST)]:
            held = self._places[word]
            if isinstance(held, DocIds):
                bits |= int(held)
            elif isinstance(held, int):
                single.add(held)
            else:
                for place in held:
                    single.add(place)
        return bits | int(single)
