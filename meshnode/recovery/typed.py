"""Reads words of a list as people type them: in any case, by their first four letters, with numbers and commas between."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from unicodedata import normalize

from meshnode.errors import Field, Usage

SHORTEST_PREFIX = 4  # letters: both lists are made so that these tell any two of their words apart
TYPED_MAX = 4_096  # characters: more than any words of ours, so that a pasted file is refused at once
NEAREST = 3  # words of the list that are named beside a wrong one

_NUMBERS = frozenset(str(number) for number in range(1, 100))
_BETWEEN = re.compile(r"[\s,;.:()\[\]|]+")


def read_words(typed: str, known: Sequence[str]) -> list[str]:
    """Return the words of the list `known` that `typed` has, whole and in order.

    Case and what is between words do not count, and the first four letters of a word are enough. Where each word has its
    number before it, the numbers give the order. Usage for a word that is not in the list names its place, and the words of
    the list that are nearest.
    """
    if len(typed) > TYPED_MAX:
        raise Usage("this is much longer than recovery words are", "type the words alone", field=Field.WORDS)
    parts = _parts(typed)
    numbers, words = parts[::2], parts[1::2]
    if [number for number in numbers if number in _NUMBERS] == numbers and sorted(map(int, numbers)) == [
        *range(1, len(words) + 1)
    ]:
        parts = [word for _, word in sorted(zip(map(int, numbers), words, strict=True))]
    else:
        parts = [part for part in parts if part not in _NUMBERS]
    return [_word(part, place, known) for place, part in enumerate(parts, 1)]


def count_words(typed: str) -> int:
    """Return how many words `typed` has, as `read_words` reads it: numbers are none."""
    return sum(part not in _NUMBERS for part in _parts(typed))


def _parts(typed: str) -> list[str]:
    return [part for part in _BETWEEN.split(normalize("NFKD", typed).lower()) if part]


def _word(part: str, place: int, known: Sequence[str]) -> str:
    if part in known:
        return part
    begun = [word for word in known if len(part) >= SHORTEST_PREFIX and word.startswith(part)]
    if len(begun) == 1:
        return begun[0]
    raise_if_near(part, place, known)
    raise _unlisted(part, place)


def raise_if_near(part: str, place: int, known: Sequence[str]) -> None:
    """Raise Usage for a word that is not in the list `known`, if words of the list are near it; it names them."""
    near = get_close_matches(part, known, NEAREST, cutoff=0.5)
    if near:
        raise _unlisted(part, place, near)


def _unlisted(part: str, place: int, near: Sequence[str] = ()) -> Usage:
    return Usage(
        "word {place}, {typed}, is not in the list of words",
        "did you mean {near}?" if near else "look at it again on your paper",
        field=Field.WORDS,
        place=place,
        typed=repr(part[:20]),
        near=", ".join(near),
    )
