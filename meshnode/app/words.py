"""Folds text to the form in which searches and finders compare it: single words without case and accents."""

from __future__ import annotations

import re
from unicodedata import category, normalize

_WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    """Return the words of `text` without case and accents, or its signs if it has no word."""
    folded = _folded(text)
    return _WORD.findall(folded) or folded.split()


def searchable(text: str) -> str:
    """Return `text` as it is compared: its words (see `words_of`), each after one space."""
    return "".join(f" {word}" for word in words_of(text))


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    # Twice, because lowering the case of a letter can produce an accent, and the other way round.
    bare = normalize("NFKD", normalize("NFKD", text).casefold())
    return "".join(letter for letter in bare if category(letter)[0] != "M")
