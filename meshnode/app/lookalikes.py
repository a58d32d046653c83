"""Tells which names look alike on a screen, though their characters differ.

Anybody can call themselves "Cаrol" with a Cyrillic letter. Two names look alike if they have the same skeleton as Unicode
Technical Standard 39, section 4, defines it: every character is replaced by the one that stands for all that look like
it. The table beside this file is Unicode's.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path

from protocol import without_joiners

NAMES_REMEMBERED = 16_384  # skeletons, some 3 MB: more than a web has people
_TABLE = Path(__file__).with_name("confusables.txt")


@lru_cache(NAMES_REMEMBERED)
def skeletons(name: str) -> frozenset[str]:
    """Return the skeletons of a name, whatever the case of its letters. Names look alike if they share one.

    One is not enough. "Ida" with a capital i looks like "lda" with a small l, and is also read as "ida". A skeleton is for
    comparing only, and is no name itself.
    """
    shown = " ".join(without_joiners(name).split())
    looks = [_prototype(shown), _prototype(shown.casefold())]
    return frozenset((*looks, *(look.casefold() for look in looks)))


def look_alike(one: str, other: str) -> bool:
    """Whether two names may be taken for each other."""
    return not skeletons(one).isdisjoint(skeletons(other))


def _prototype(text: str) -> str:
    # NFKD where the standard has NFD: the table leaves out most letters that differ in width alone.
    decomposed = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFKD", decomposed.translate(_prototypes()))


@lru_cache(1)
def _prototypes() -> dict[int, str]:
    """Return by code point what stands for it. It is read when it is first needed, since that takes a few milliseconds."""
    table = {}
    for line in _TABLE.read_text(encoding="ascii").splitlines():
        if line.startswith("#"):
            continue
        prototype, replaced = line.split(":")
        written = "".join(chr(int(point, 16)) for point in prototype.split())
        table.update(dict.fromkeys((int(point, 16) for point in replaced.split()), written))
    return table
