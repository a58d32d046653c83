"""Writes to the terminal: lines, tables, notes and JSON, with other people's texts made inert.

Every line passes `inert` on its way out, so that no name or title can move the cursor, set the clipboard, or turn the
reading direction around (terminal escapes; Unicode TR 36 on bidirectional text).
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence

from meshnode.text.catalog import FIRST_ISOLATE, POP_ISOLATE, direction

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any

# What the protocol forbids in texts, by code point and not by the Unicode tables of this Python: an emoji of next year is
# shown and not escaped. The list is written out again, because importing `protocol` would slow every command down; a test
# compares the two.
HARMFUL = (
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff"
    "\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(1, 17))
    + "\U000e0000-\U000e001f\U000e0080-\U000e00ff\U000e01f0-\U000e0fff]"
)


LATIN_END = (
    "\u0300"  # all before it are letters and signs of Latin, of which none is to come, and none harmful is printable
)
_OPENING = "\u2066" + FIRST_ISOLATE
_ISOLATES = _OPENING + POP_ISOLATE
BOLD, NOT_BOLD = "\x1b[1m", "\x1b[22m"


def inert(text: str) -> str:
    """Return `text` as one harmless line: controls become their pictures, other invisible characters their code points."""
    words = str(text)
    if words.isprintable() and max(words, default="") < LATIN_END:
        return words  # what most lines are: the pattern alone takes a millisecond to compile
    if FIRST_ISOLATE in words and direction() == "rtl" and _is_balanced(words):
        return re.sub(HARMFUL, lambda match: match[0] if match[0] in _ISOLATES else _picture(match), words)
    return re.sub(HARMFUL, _picture, words)


def _is_balanced(words: str) -> bool:
    """Whether each isolate of a line is ended in it, and none is ended twice: so are those that `catalog.message` sets."""
    depth = 0
    for sign in words:
        depth += (sign in _OPENING) - (sign == POP_ISOLATE)
        if depth < 0:
            return False
    return depth == 0


def _picture(match: re.Match[str]) -> str:
    point = ord(match[0])
    if point < 0x20:
        return chr(0x2400 + point)
    return "\u2421" if point == 0x7F else f"<U+{point:04X}>"


def to_terminal() -> bool:
    """Whether a person reads the output."""
    return sys.stdout.isatty()


def in_color() -> bool:
    """Whether to use color: on terminals, unless NO_COLOR is set (https://no-color.org)."""
    return to_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(text: str = "", *, title: str = "") -> None:
    """Print one line, made inert; `title` goes before it, in bold where color is welcome."""
    if title and in_color():
        sys.stdout.write(f"{BOLD}{inert(title)}{NOT_BOLD}")
    elif title:
        sys.stdout.write(inert(title))
    sys.stdout.write(inert(text) + "\n")


def say_lines(lines: Iterable[str]) -> None:
    """Print sentences, one a line."""
    for line in lines:
        say(line)


def note(text: str) -> None:
    """Print one line, made inert, on standard error, so that a pipe carries only the result."""
    sys.stderr.write(inert(text) + "\n")


def warn(reply: dict[str, Any]) -> None:
    """Print what a reply warns of, if it does, as `note` does."""
    if reply.get("warning"):
        note(reply["warning"] + ".")


def script(text: str) -> None:
    """Print, unchanged, a text that is ours or was made harmless before."""
    sys.stdout.write(text + "\n")


def as_json(value: Any) -> None:
    """Print one JSON document on one line, in ASCII: harmless on a terminal, exact for a program."""
    sys.stdout.write(json.dumps(value, separators=(", ", ": ")) + "\n")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str, numbered: str = "") -> None:
    """Print `rows`: a drawn table on a terminal, tab-separated lines without headings in a pipe.

    Without rows, a terminal shows the sentence `empty`, and a pipe carries nothing. `numbered` is the heading of a first
    column of numbers, which only a terminal shows: scripts count the columns.
    """
    harmless = [[inert(cell) for cell in row] for row in rows]
    if not to_terminal():
        for row in harmless:
            script("\t".join(row))
        return
    if not harmless:
        say(empty)
        return
    from meshnode.cli.table import drawn, terminal_columns

    headings = [str(heading) for heading in headings]
    if numbered:
        headings = [str(numbered), *headings]
        harmless = [[str(number), *row] for number, row in enumerate(harmless, start=1)]
    above, below = drawn(headings, harmless, terminal_columns())
    for line in above:
        script(f"{BOLD}{line}{NOT_BOLD}" if in_color() else line)
    for line in below:
        script(line)


def qr(text: str, *, exact: bool = False) -> None:
    """Print `text` as a QR code; its case does not matter unless it is to be kept `exact`."""
    from meshnode.qr.codes import qr_code

    qr_code(text, exact=exact).terminal(out=sys.stdout, border=2, compact=True)
