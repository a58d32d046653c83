"""Makes the vectors of text: accepted and refused text for people, and texts that are read as bytes."""

from __future__ import annotations

from typing import Any

from protocol import joiners, limits, text
from protocol.bech32m import to_text
from protocol.joiners import Ranges
from tests.support.text_verdicts import code_points

LONGEST = limits.NAME_MAX
BEH = "\u0628"  # an Arabic letter, after which joiners have an effect

ACCEPTED = {
    "a plain name": "Alice",
    "Latin letters": "Zoë",
    "Greek letters": "Ελένη",
    "Arabic letters": "محمد",
    "Hebrew letters": "שלום",
    "Chinese characters": "日本",
    "signs of markup": "a <script> & 'b'",
    "the same text composed": "Caf\u00e9",
    "the same text not composed": "Cafe\u0301",
    "a combining mark alone": "\u0301",
    "an emoji of 2022, U+1FAD8": "Beans \U0001fad8",
    "an emoji of 2022, U+1FAE8": "\U0001fae8",
    "an emoji of 2024, U+1FAE9": "\U0001fae9",
    "a code point of no version so far, U+0378": "a\u0378",
    "a code point of a plane without characters, U+40000": "\U00040000",
    "private use, U+E000": "\ue000",
    "private use, U+10FFFD": "\U0010fffd",
    "the replacement characters U+FFFC and U+FFFD": "\ufffc\ufffd",
    "white space of every kind but controls inside": "a \u00a0\u1680\u2000\u200a\u202f\u205f\u3000b",
    "U+200B where a Thai line may break": "สวัสดี\u200bครับ",
    "U+200C in a Persian word": "می\u200cخواهم",
    "U+200D in an emoji of three": "👩🏽\u200d🌾",
    "U+FE0F after a sign": "☺\ufe0f",
    "tags: the flag of Wales": "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
    "U+180B after a Mongolian letter": "\u1820\u180b",
    "U+180F after a Mongolian letter": "\u1820\u180f",
    "U+E0100 after a Chinese character": "葛\U000e0100",
    "U+FE0F in a keycap": "1\ufe0f\u20e3",
    "eight joiners in a row": BEH + "\u200d" * 8 + "b",
    "eight joiners at the end": BEH + "\u200d" * 8,
    "twice eight joiners, parted by a letter": BEH + "\u200d" * 8 + BEH + "\u200c" * 8,
    "joiners of two kinds after a letter that allows both": "\u1820\u180b\u200d",
    "64 code points": "a" * LONGEST,
    "64 code points that are four bytes each": "\U0001fad8" * LONGEST,
}
ACCEPTED_IN_LINES = {
    "a line feed in a field of several lines": "one\ntwo",
    "two line feeds": "one\n\ntwo",
}
REFUSED = {
    "65 code points": "a" * (LONGEST + 1),
    "65 code points, 64 when composed": "e\u0301" + "a" * (LONGEST - 1),
    "white space alone": " ",
    "a space first": " a",
    "a space last": "a ",
    "U+00A0 first": "\u00a0a",
    "U+1680 last": "a\u1680",
    "U+2000 first": "\u2000a",
    "U+200A last": "a\u200a",
    "U+202F first": "\u202fa",
    "U+205F last": "a\u205f",
    "U+3000 first": "\u3000a",
    "joiners alone": "\u200b\u200d",
    "nine joiners in a row": BEH + "\u200d" * 9 + "b",
    "nine joiners of two kinds in a row": "\u1820" + "\u180b\u180f\u200c" * 3 + "b",
    "nine joiners at the end": "\u263a" + "\ufe0f" * 9,
    "a joiner after a space": BEH + " \u200d" + BEH,
    "a second joiner that the letter does not allow": BEH + "\u200d\ufe0f",
    "U+FE0F after a digit, without a key": "1\ufe0f",
    "U+FE0E in a keycap": "1\ufe0e\u20e3",
    "U+FE0F in a keycap of a letter": "a\ufe0f\u20e3",
    "escape sequences of a terminal": "a\x1b[31mb",
    "a carriage return before a line feed": "a\r\nb",
}
REFUSED_ON_ONE_LINE = {"a line feed in a field of one line": "one\ntwo"}
REFUSED_IN_LINES = {
    "a line that begins with a joiner": "one\n\u200btwo",
    "a line feed first": "\na",
    "a line feed last": "a\n",
}
KINDS: dict[str, Ranges] = {
    "a control": text.CONTROLS,
    "turns the direction of writing": text.DIRECTIONS,
    "invisible and forbidden": text.INVISIBLE,
    "no character and never one": text.NONCHARACTERS,
}


def _around_the_bases(*, accepted: bool) -> list[dict[str, Any]]:
    """Return each kind of joiner after the ends of the ranges that allow it, or after the code points next to these."""
    cases = []
    for kind in joiners.KINDS:
        ends = {point for range_ in kind.bases for point in range_}
        beside = {point + step for point in ends for step in (-1, 1)}
        bases = ends if accepted else {point for point in beside if not _is_in(point, kind.bases)}
        for base in sorted(bases):
            if not _is_in(base, (*text.FORBIDDEN, *text.WHITE_SPACE, *joiners.JOINERS)):
                joiner = kind.joiners[0][0]
                cases.append(_case(f"U+{joiner:04X} after U+{base:04X}", f"{chr(base)}{chr(joiner)}"))
    return cases


def _is_in(point: int, ranges: Ranges) -> bool:
    return any(first <= point <= last for first, last in ranges)


DATA = bytes(range(20))
PREFIX = "mp"
WRITTEN = to_text(PREFIX, DATA)


def text_vectors() -> dict[str, Any]:
    return {
        "white_space": _listed(text.WHITE_SPACE),
        "joiners": _listed(joiners.JOINERS),
        "joiner_kinds": [{"joiners": _listed(kind.joiners), "bases": _listed(kind.bases)} for kind in joiners.KINDS],
        "forbidden": _listed(text.FORBIDDEN),
        "accepted": [
            _case("empty in a field that may be empty", "", shortest=0),
            *(_case(why, said, lines=lines) for lines in (False, True) for why, said in ACCEPTED.items()),
            *(_case(why, said, lines=True) for why, said in ACCEPTED_IN_LINES.items()),
            *_around_the_bases(accepted=True),
        ],
        "refused": [
            {**case, "code": "MALFORMED"}
            for case in (
                _case("empty in a field that must not be empty", ""),
                _case("white space in a field that may be empty", " ", shortest=0),
                *(_case(why, said, lines=lines) for lines in (False, True) for why, said in REFUSED.items()),
                *(_case(why, said) for why, said in REFUSED_ON_ONE_LINE.items()),
                *(_case(why, said, lines=True) for why, said in REFUSED_IN_LINES.items()),
                *(
                    _case(f"U+{point:04X} first, a joiner", f"{chr(point)}a")
                    for ends in joiners.JOINERS
                    for point in sorted(set(ends))
                ),
                *_around_the_bases(accepted=False),
                *(
                    _case(f"U+{point:04X} after a Latin letter", f"a{chr(point)}b")
                    for ends in joiners.JOINERS
                    for point in sorted(set(ends))
                ),
                *(
                    _case(f"U+{point:04X}, {kind}", f"a{chr(point)}b", lines=True)
                    for kind, ranges in KINDS.items()
                    for ends in ranges
                    for point in sorted(set(ends))
                ),
            )
        ],
        "code_points": code_points(),
        "bech32m": {
            "prefix": PREFIX,
            "bytes": DATA.hex(),
            "text": WRITTEN,
            "read": [{"why": why, "utf8": said.encode().hex()} for why, said in readings().items()],
            "refused": [
                {"why": why, "utf8": said.encode().hex(), "code": "MALFORMED"} for why, said in misreadings().items()
            ],
        },
    }


def readings() -> dict[str, str]:
    """Return texts all of which are read as DATA, by what a reader may get wrong about each."""
    return {
        "upper case": WRITTEN.upper(),
        "both cases": WRITTEN.title(),
        "white space of every kind, around and inside": text.characters(text.WHITE_SPACE).join(WRITTEN) + " ",
        "hyphens of every kind": "-\u2010\u2011\u2012\u2013".join(WRITTEN),
        "U+00AD, U+200B and U+FEFF": "\u00ad\u200b\ufeff".join(WRITTEN),
    }


def misreadings() -> dict[str, str]:
    """Return texts that are refused, by what is wrong with each."""
    assert "k" in WRITTEN, "U+212A must stand for a letter of the text"
    return {
        "another prefix": to_text("mg", DATA),
        "no separator": PREFIX,
        "the checksum alone, cut short": WRITTEN[:8],
        "a letter missing": WRITTEN[:-1],
        "a letter that the alphabet lacks": WRITTEN[:-1] + "b",
        "U+212A, the sign for kelvin, in place of a k": WRITTEN.replace("k", "\u212a"),
        "U+2014, a dash, which is not ignored": WRITTEN[:10] + "\u2014" + WRITTEN[10:],
        "U+200D, which is not ignored": WRITTEN[:10] + "\u200d" + WRITTEN[10:],
        "U+180E, which is no white space": WRITTEN[:10] + "\u180e" + WRITTEN[10:],
        "U+001C, which is no white space": WRITTEN[:10] + "\x1c" + WRITTEN[10:],
    }


def _case(why: str, said: str, *, lines: bool = False, shortest: int = 1) -> dict[str, Any]:
    return {"why": why, "utf8": said.encode().hex(), "lines": lines, "shortest": shortest, "longest": LONGEST}


def _listed(ranges: Ranges) -> list[str]:
    """Return the ranges as text, such as `2000-200A`."""
    return [f"{first:04X}" if first == last else f"{first:04X}-{last:04X}" for first, last in ranges]
