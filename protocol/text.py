"""Judges the text that people read: one rule for every body, card and form (protocol/README.md, "Text").

The rule keeps names and titles from rewriting a terminal, from reversing a line, and from imitating one another with
invisible characters. The same functions judge a peer's bytes and explain a user's mistake.

Every node must give the same verdict, whatever Unicode version its Python knows. So the rule is closed lists of code
points by number, and a code point that no version has assigned yet is an ordinary visible character. Only `normalize`,
which prepares what a person typed on this node, asks the local Unicode tables.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from protocol.errors import InvalidField
from protocol.joiners import JOINERS, Ranges, misplaced
from protocol.limits import JOINERS_MAX

WHITE_SPACE: Ranges = (
    (0x0009, 0x000D),
    (0x0020, 0x0020),
    (0x0085, 0x0085),
    (0x00A0, 0x00A0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
)
"""The 25 code points of Unicode's property White_Space."""

CONTROLS: Ranges = ((0x0000, 0x001F), (0x007F, 0x009F), (0x2028, 0x2029))
"""Forbidden: characters that move a cursor or end a line. A line feed may be in fields of several lines."""

DIRECTIONS: Ranges = ((0x061C, 0x061C), (0x200E, 0x200F), (0x202A, 0x202E), (0x2066, 0x2069))
"""Forbidden: characters that turn the direction of writing."""

INVISIBLE: Ranges = (
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180E, 0x180E),
    (0x2060, 0x2065),
    (0x206A, 0x206F),
    (0x3164, 0x3164),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE001F),
    (0xE0080, 0xE00FF),
    (0xE01F0, 0xE0FFF),
)
"""Forbidden: all other characters that a screen may leave out (Default_Ignorable_Code_Point), and U+FFF9 to U+FFFB."""

SURROGATES: Ranges = ((0xD800, 0xDFFF),)
"""Forbidden: halves of UTF-16 pairs, which UTF-8 cannot carry."""

NONCHARACTERS: Ranges = (
    (0xFDD0, 0xFDEF),
    *((plane << 16 | 0xFFFE, plane << 16 | 0xFFFF) for plane in range(0x11)),
)
"""Forbidden: code points that Unicode promises never to make characters."""

FORBIDDEN: Ranges = (*CONTROLS, *DIRECTIONS, *INVISIBLE, *SURROGATES, *NONCHARACTERS)
"""Forbidden everywhere, except for the line feed (U+000A) in fields of several lines."""

PASTED: Ranges = (
    (0x00AD, 0x00AD),  # a soft hyphen
    (0x061C, 0x061C),  # marks of direction, which phones and editors put around names and numbers
    (0x200E, 0x200F),
    (0x202A, 0x202C),
    (0x2060, 0x2060),  # a word joiner
    (0x2066, 0x2069),
    (0xFEFF, 0xFEFF),  # a byte order mark
)
"""Dropped from typed text: what comes along when text is copied. Overrides of the direction (U+202D, U+202E) are not among it."""

MISPLACED = "must not have an invisible character where it has no effect: delete character {place} ({code})"
_LAST = 0x10FFFF


def characters(ranges: Ranges) -> str:
    """Return all characters of `ranges`, in order."""
    return "".join(chr(point) for first, last in ranges for point in range(first, last + 1))


class TextFault(NamedTuple):
    """Why a text is refused: the end of a sentence such as "title ...", as a template, and what fills it."""

    reason: str
    values: dict[str, object]

    def __str__(self) -> str:
        return self.reason.format(**self.values)


def text_fault(text: str, longest: int, *, shortest: int = 0, lines: bool = False) -> TextFault | None:
    """Return why `text` is refused, or None if it is accepted.

    Lengths are in code points; `lines` allows line feeds inside. A text that is accepted and not empty begins with a
    visible character: beginning with white space or with a joiner is refused.
    """
    if len(text) < shortest:
        return TextFault(
            "must not be empty" if not text else "must have at least {shortest} characters", {"shortest": shortest}
        )
    if len(text) > longest:
        return TextFault(
            "must not be longer than {longest} characters (it has {length})", {"longest": longest, "length": len(text)}
        )
    if not text:
        return None
    if text[0] in _WHITE or text[-1] in _WHITE:
        return TextFault("must not begin or end with white space", {})
    # For ASCII, isprintable() says the same in every version of Python, and faster than a pattern does.
    if text.isascii() and text.isprintable():
        return None
    if not lines and "\n" in text:
        return TextFault("must be on one line", {})
    if not _ALLOWED.fullmatch(text):
        return _reason(text)
    wrong = misplaced(text)
    return _to_delete(MISPLACED, text, min(wrong)) if wrong else None


def check_text(field: str, text: object, longest: int, *, shortest: int = 0, lines: bool = False) -> None:
    """Raise InvalidField unless `text` is text that `field` may have; arguments as for `text_fault`."""
    if type(text) is not str:
        raise InvalidField(field, "must be text")
    fault = text_fault(text, longest, shortest=shortest, lines=lines)
    if fault is not None:
        raise InvalidField(field, fault.reason, **fault.values)


def normalize(text: str) -> str:
    """Return the stored form of typed text: composed (NFC), with line feeds as line ends, without white space around it.

    Marks that come along when text is copied and that show nothing by themselves are dropped (see `PASTED`), and so are
    joiners where they have no effect. A tab becomes a space. Everything else that is forbidden stays, so that the person
    is told about it.
    """
    kept = text.replace("\r\n", "\n").translate(_PASTED)
    composed = unicodedata.normalize("NFC", kept)
    dropped = frozenset(misplaced(composed))
    if dropped:
        left = "".join(sign for place, sign in enumerate(composed) if place not in dropped)
        composed = unicodedata.normalize("NFC", left)
    return composed.strip(_WHITE_SPACE)


def normalize_line(text: str) -> str:
    """Return the stored form of text that was typed for a field of one line: as `normalize` does, with lines joined."""
    return " ".join(filter(None, (line.strip(_WHITE_SPACE) for line in normalize(text).split("\n"))))


def without_joiners(text: str) -> str:
    """Return the text without the characters that show nothing themselves (see `JOINERS`), for comparing how it looks."""
    return text.translate(_JOINERS)


def _ranges_left_by(ranges: Ranges) -> Ranges:
    """Return all code points that are in none of `ranges`."""
    left, begin = [], 0
    for first, last in sorted(ranges):
        if begin < first:
            left.append((begin, first - 1))
        begin = last + 1
    return (*left, (begin, _LAST)) if begin <= _LAST else tuple(left)


def _class(ranges: Ranges, more: str = "") -> str:
    """Return the pattern of one character that is in `ranges` or in `more`."""
    return "[" + more + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges) + "]"


_WHITE_SPACE = characters(WHITE_SPACE)
_WHITE = frozenset(_WHITE_SPACE)
_PASTED: dict[int, str | None] = {
    **dict.fromkeys(map(ord, characters(PASTED))),
    **dict.fromkeys(map(ord, "\r\x0b\x0c\x85\u2028\u2029"), "\n"),
    ord("\t"): " ",
}
_JOINERS = dict.fromkeys(map(ord, characters(JOINERS)))
_JOINER = _class(JOINERS)
_VISIBLE = _class(_ranges_left_by((*FORBIDDEN, *JOINERS)), more="\n")
# Nearly all texts match this one pattern; only for the others is a reason looked for. The possessive "++" keeps the matcher
# from trying a text that does not match in every other division.
_ALLOWED = re.compile(f"(?:{_VISIBLE}++{_JOINER}{{0,{JOINERS_MAX}}}+)++")
_REASONS = (
    (CONTROLS, "must not have control characters: delete character {place} ({code})"),
    (DIRECTIONS, "must not have characters that turn the direction of writing: delete character {place} ({code})"),
    (SURROGATES, "is not valid Unicode: delete character {place} ({code})"),
    (NONCHARACTERS, "must not have code points that can never be characters: delete character {place} ({code})"),
    (INVISIBLE, "must not have invisible characters: delete character {place} ({code})"),
)


def _reason(text: str) -> TextFault:
    """Return why `text`, which `_ALLOWED` does not match, is refused, and which character to delete."""
    for ranges, reason in _REASONS:
        for place, character in enumerate(text):
            if character != "\n" and any(first <= ord(character) <= last for first, last in ranges):
                return _to_delete(reason, text, place)
    if re.match(_JOINER, text):
        return _to_delete("must not begin with an invisible character: delete character {place} ({code})", text, 0)
    row = re.search(f"{_JOINER}{{{JOINERS_MAX + 1}}}", text)
    place = row.end() - 1 if row is not None else 0
    return _to_delete(
        "must not have more than {most} invisible characters in a row: delete character {place} ({code})",
        text,
        place,
        most=JOINERS_MAX,
    )


def _to_delete(reason: str, text: str, place: int, **values: object) -> TextFault:
    """Return the fault with the character to delete; the first one of a text is character 1."""
    return TextFault(reason, {"place": place + 1, "code": f"U+{ord(text[place]):04X}", **values})
