"""Writes others' words into sentences of ours, so that none of them passes for the program's."""

from __future__ import annotations

from collections.abc import Sequence


def quoted(words: str) -> str:
    """Return others' words in quotation marks, which nothing inside can close."""
    escaped = words.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def named(name: str) -> str:
    """Return a name as it stands in a sentence: bare if it is plain words, else in quotation marks.

    So no name can end the sentence, add a distance or a relation to it, or pass for a command.
    """
    return name if all(map(_is_plain, name.split(" "))) else quoted(name)


def first_few(parts: Sequence[str], most: int) -> str:
    """Return the first `most` parts as a sentence lists them, and the number of the others."""
    shown = [*parts[:most], f"{len(parts) - most} more"] if len(parts) > most else list(parts)
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)


def _is_plain(word: str) -> bool:
    """Whether a word has only letters and digits, with hyphens and apostrophes inside."""
    return word[:1].isalnum() and all(sign.isalnum() or sign in "-'’" or _is_mark(sign) for sign in word)


def _is_mark(sign: str) -> bool:
    from unicodedata import category

    return category(sign)[0] == "M"
