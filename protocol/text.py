"""What text may be in anything that people read: one rule for every body, card and form (protocol/README.md, "Text").

The rule keeps names and titles from rewriting a terminal, reversing a line, or passing for one another by invisible
means. The same functions judge a peer's bytes and explain a user's slip.
"""

from __future__ import annotations

import re
from unicodedata import is_normalized, normalize

from protocol.errors import InvalidField

_CONTROLS = "\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029"
_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROL = re.compile(f"[{_CONTROLS}]")
_DIRECTION = re.compile(f"[{_DIRECTIONS}]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSEEN = re.compile("[\ufeff\ufff9-\ufffb\ufffe\uffff]")
_FORBIDDEN = re.compile(f"[{_CONTROLS}{_DIRECTIONS}\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]")


def text_fault(text: str, longest: int, *, shortest: int = 0, lines: bool = False) -> str | None:
    """Why `text` may not stand, completing a sentence such as "title ...", or None if it may.

    Lengths are in code points; `lines` allows line feeds inside.
    """
    if len(text) < shortest:
        return "must not be empty" if not text else f"must have at least {shortest} characters"
    if len(text) > longest:
        return f"must not be longer than {longest} characters (it has {len(text)})"
    if text and (text[0].isspace() or text[-1].isspace()):
        return "must not begin or end with white space"
    if text.isascii() and text.isprintable():
        return None
    if not lines and "\n" in text:
        return "must be on one line"
    if _FORBIDDEN.search(text) is not None:
        return _forbidden(text)
    if not is_normalized("NFC", text):
        return "must be in Unicode's composed form (NFC)"
    if shortest and not any(character.isprintable() and not character.isspace() for character in text):
        return "must have something to see in it"
    return None


def check_text(field: str, text: object, longest: int, *, shortest: int = 0, lines: bool = False) -> None:
    """InvalidField unless `text` is text that may stand in `field`; arguments as for `text_fault`."""
    if type(text) is not str:
        raise InvalidField(field, "must be text")
    fault = text_fault(text, longest, shortest=shortest, lines=lines)
    if fault is not None:
        raise InvalidField(field, fault)


def tidy(text: str) -> str:
    """What a person typed, in the form it is stored: composed (NFC), line ends as line feeds, trimmed."""
    return normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _forbidden(text: str) -> str:
    if _CONTROL.search(text):
        return "must not have control characters"
    if _DIRECTION.search(text):
        return "must not have characters that turn the direction of writing"
    if _SURROGATE.search(text):
        return "is not valid Unicode"
    return "must not have invisible characters"
