"""Indexes words in memory, and answers as a set of bits which documents have a word that begins with a prefix.

A document is anything that was put in; its doc id is a small number. A word that many documents have is stored as one
bit for each document, so that combining several words, kinds and exceptions costs microseconds; a word that few have is
stored as a list of doc ids.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from meshnode.app.words import PART_MIN

_BITS_OF_A_NUMBER = 32  # in a list of doc ids: a list with more numbers than this allows is larger than a set of bits
PARTS_CACHED = 100  # parts of words that were looked for last: more than there are saved searches
PART_WORDS_CACHED = 1_000  # words with one part; where there are more, they are looked for again
_LIST_MIN = 64  # lists up to this length stay lists
_LINE_END = b"\n"
_LAST = "\U0010ffff"  # no word begins with it
_FLAGS = bytes.maketrans(b"01", b"\x00\x01")
_DIGITS = bytes.maketrans(b"\x00\x01", b"01")


def flags(bits: int, count: int) -> bytes:
    """Return one byte for each of `count` doc ids: 1 where its bit is set, else 0."""
    return f"{bits:b}".encode().translate(_FLAGS)[::-1].ljust(count, b"\x00")


def bits_of(flagged: Iterable[bool]) -> int:
    """Return the set of those doc ids, counted from 0, that are flagged."""
    digits = bytes(flagged)[::-1].translate(_DIGITS)
    return int(digits, 2) if digits else 0


def bits_of_bytes(codes: bytes | bytearray, code: int) -> int:
    """Return the set of those doc ids whose byte is `code`."""
    digits = codes.translate(bytes(ord("1") if one == code else ord("0") for one in range(256)))[::-1]
    return int(digits, 2) if digits else 0


def doc_ids_in(bits: int) -> Iterator[int]:
    """Yield the doc ids whose bits are set, in growing order. Meant for few: each costs time in the number of bits."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _lines_with(part: bytes, lines: bytearray, begin: int) -> Iterator[str]:
    """Yield the lines from `begin` on that have `part` in them."""
    at = lines.find(part, begin)
    while at >= 0:
        end = lines.index(_LINE_END, at)
        yield lines[lines.rfind(_LINE_END, 0, at) + 1 : end].decode()
        at = lines.find(part, end)


class DocIds:
    """A set of doc ids to which single ones are added and from which they are taken; `int()` returns it as bits."""

    __slots__ = ("_bytes",)

    def __init__(self, doc_ids: Iterable[int] = ()) -> None:
        known = list(doc_ids)
        held = self._bytes = bytearray((max(known) >> 3) + 1 if known else 0)
        for doc_id in known:
            held[doc_id >> 3] |= 1 << (doc_id & 7)

    def add(self, doc_id: int) -> None:
        """Add `doc_id`."""
        at = doc_id >> 3
        if at >= len(self._bytes):
            self._bytes.extend(bytes(at - len(self._bytes) + 1 + at // 8))
        self._bytes[at] |= 1 << (doc_id & 7)

    def discard(self, doc_id: int) -> None:
        """Take `doc_id` out if it is in."""
        at = doc_id >> 3
        if at < len(self._bytes):
            self._bytes[at] &= ~(1 << (doc_id & 7))

    def __int__(self) -> int:
        return int.from_bytes(self._bytes, "little")


class WordIndex:
    """Maps words to the doc ids that have them. It forgets nothing: its user leaves out documents that are gone."""

    def __init__(self) -> None:
        self._postings: dict[str, int | array[int] | DocIds] = {}  # one doc id, a list of them, or a set of bits
        self.has_all = True
        """Whether no word was left out."""
        self._sorted: list[str] = []
        self._unsorted: list[str] = []
        self._all = bytearray()  # all words that can have parts, one a line, in the order in which they came
        self._with_part: dict[
            str, tuple[int, list[str]]
        ] = {}  # by part, how much of `_all` was read and what was found

    def __len__(self) -> int:
        return len(self._postings)

    def add(self, doc_id: int, words: Iterable[str], new_max: int) -> int:
        """Note that `doc_id` has `words`; doc ids must come in growing order. Returns how many of the words were new.

        New words beyond `new_max` are left out: each costs some 200 bytes, many times its own length.
        """
        new = 0
        for word in words:
            held = self._postings.get(word)
            if held is None:
                if new >= new_max:
                    self.has_all = False
                else:
                    self._postings[word] = doc_id
                    self._unsorted.append(word)
                    if len(word) > PART_MIN:
                        self._all += word.encode() + _LINE_END
                    new += 1
            elif isinstance(held, DocIds):
                held.add(doc_id)
            elif isinstance(held, int):
                self._postings[word] = array("I", (held, doc_id))
            else:
                held.append(doc_id)
                if len(held) > _LIST_MIN and len(held) * _BITS_OF_A_NUMBER > doc_id:
                    self._postings[word] = DocIds(held)
        return new

    def with_prefix(self, prefix: str) -> int:
        """Return the bits of all doc ids that have a word which begins with `prefix`."""
        if self._unsorted:
            self._sorted += self._unsorted
            self._sorted.sort()  # quick, since most of it is sorted already
            self._unsorted.clear()
        first = bisect_left(self._sorted, prefix)
        return self._bits_of(self._sorted[first : bisect_left(self._sorted, prefix + _LAST)])

    def with_part(self, part: str) -> int:
        """Return the bits of all doc ids that have a word with `part` in it, of at least PART_MIN letters."""
        read, found = self._with_part.pop(part, (0, []))
        found += _lines_with(part.encode(), self._all, read)
        if len(self._with_part) >= PARTS_CACHED:
            del self._with_part[next(iter(self._with_part))]  # the one that was asked for longest ago
        if len(found) <= PART_WORDS_CACHED:
            self._with_part[part] = len(self._all), found
        return self._bits_of(found)

    def _bits_of(self, words: Iterable[str]) -> int:
        """Return the bits of all doc ids that have one of these words."""
        bits, single = 0, DocIds()
        for word in words:
            held = self._postings[word]
            if isinstance(held, DocIds):
                bits |= int(held)
            elif isinstance(held, int):
                single.add(held)
            else:
                for doc_id in held:
                    single.add(doc_id)
        return bits | int(single)
