"""The invisible characters that a script or an emoji needs, and where they may stand (protocol/README.md, "Text").

A joiner shows nothing itself. It changes how the letters around it look, in some scripts only: elsewhere it would let two
names differ that look the same. So each joiner may only follow a character that it can have an effect on; other joiners
may stand between the two. Like all lists of the rule for text, these are closed.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple, TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""Code points: each pair is the first and the last of a range."""


class JoinerKind(NamedTuple):
    """Joiners that may stand in the same places: after one of the `bases`."""

    joiners: Ranges
    bases: Ranges


_MARKS: Ranges = ((0x00A9, 0x00A9), (0x00AE, 0x00AE))
_SIGNS: Ranges = ((0x203C, 0x205E), (0x2070, 0x2BFF))  # no white space: it would be trimmed from under a joiner
_PICTURES: Ranges = ((0x1F000, 0x1FAFF),)

KINDS: tuple[JoinerKind, ...] = (
    # variants of Mongolian letters
    JoinerKind(((0x180B, 0x180D), (0x180F, 0x180F)), ((0x1800, 0x18AF),)),
    # the zero width space: where a line may break in scripts without spaces, such as Thai, Lao, Myanmar and Khmer
    JoinerKind(
        ((0x200B, 0x200B),),
        (
            (0x0E00, 0x109F),
            (0x1780, 0x17FF),
            (0x1950, 0x19FF),
            (0x1A20, 0x1AAF),
            (0xA9E0, 0xA9FF),
            (0xAA60, 0xAADF),
        ),
    ),
    # zero width joiner and non-joiner: Arabic and its kin, the scripts of India and South-East Asia, and emoji
    JoinerKind(
        ((0x200C, 0x200D),),
        (
            *_MARKS,
            (0x0600, 0x109F),
            (0x1700, 0x18AF),
            (0x1900, 0x1AAF),
            (0x1B00, 0x1C4F),
            (0x1CD0, 0x1CFF),
            *_SIGNS,
            (0xA800, 0xABFF),
            (0xFB50, 0xFDFF),
            (0xFE70, 0xFEFC),
            (0x10A00, 0x11FFF),
            (0x1E900, 0x1E95F),
            *_PICTURES,
        ),
    ),
    # variation selectors: a sign as text or emoji, forms of Chinese, Myanmar and a few historic letters
    JoinerKind(
        ((0xFE00, 0xFE0F),),
        (
            *_MARKS,
            (0x1000, 0x109F),
            *_SIGNS,
            (0x2E80, 0x2FFF),
            (0x3001, 0x9FFF),
            (0xA840, 0xA87F),
            (0xF900, 0xFAFF),
            (0x10AC0, 0x10AFF),
            *_PICTURES,
            (0x20000, 0x3FFFF),
        ),
    ),
    # tags: the flags of regions, after the black flag
    JoinerKind(((0xE0020, 0xE007F),), ((0x1F3F4, 0x1F3F4),)),
    # variants of Chinese characters
    JoinerKind(((0xE0100, 0xE01EF),), ((0x2E80, 0x2FFF), (0x3001, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))),
)

JOINERS: Ranges = tuple(sorted(ends for kind in KINDS for ends in kind.joiners))
"""All joiners. A text must not begin with one; JOINERS_MAX may follow each other."""

KEYCAPS = "0123456789#*"
"""An emoji selector may also follow one of these if the sign of a key, U+20E3, follows it."""
EMOJI_SELECTOR, KEY = "\ufe0f", "\u20e3"


_KIND_OF = {chr(point): kind for kind in KINDS for first, last in kind.joiners for point in range(first, last + 1)}


def misplaced(text: str) -> list[int]:
    """Return the places in `text`, from 0 on, of joiners that follow no character on which they can have an effect."""
    found, base = [], ""
    for place, character in enumerate(text):
        kind = _KIND_OF.get(character)
        if kind is None:
            base = character
        elif not (base and _within(ord(base), kind.bases)) and not _is_keycap(text, place):
            found.append(place)
    return found


def _is_keycap(text: str, place: int) -> bool:
    """Whether the joiner at `place` makes a keycap emoji of the sign before it: "1", U+FE0F, U+20E3."""
    return place > 0 and text[place - 1] in KEYCAPS and text[place : place + 2] == EMOJI_SELECTOR + KEY


def _within(point: int, ranges: Ranges) -> bool:
    at = bisect_right(ranges, (point, _LAST)) - 1
    return at >= 0 and point <= ranges[at][1]


_LAST = 0x10FFFF
