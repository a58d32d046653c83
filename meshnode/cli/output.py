"""What reaches the terminal: text of other people made inert, JSON, tables and notes.

Every line passes `inert` on its way out, whoever wrote it, so that no name or title can move the cursor, set the
clipboard, or turn the reading direction around (terminal escapes; Unicode TR 36 on bidirectional text).
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

JOINERS = "\u200c\u200d"  # invisible, but Persian and many emoji are not themselves without them


def inert(text: str) -> str:
    """`text` as one harmless line: controls become their pictures, other invisible characters their code points."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_inert_character, text))


def _inert_character(character: str) -> str:
    point = ord(character)
    if point < 0x20:
        return chr(0x2400 + point)
    if point == 0x7F:
        return "\u2421"
    category = unicodedata.category(character)
    if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") and character not in JOINERS:
        return f"<U+{point:04X}>"
    return character


def to_terminal() -> bool:
    """Whether a person reads along."""
    return sys.stdout.isatty()


def in_color() -> bool:
    """Color is for terminals, and for people who did not ask to go without (https://no-color.org)."""
    return to_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(text: str = "", *, title: str = "") -> None:
    """Print one line, made inert; `title` goes before it, in bold where color is welcome."""
    if title and in_color():
        sys.stdout.write(f"\x1b[1m{inert(title)}\x1b[22m")
    elif title:
        sys.stdout.write(inert(title))
    sys.stdout.write(inert(text) + "\n")


def note(text: str) -> None:
    """Print one line, made inert, beside the result (standard error), so that a pipe carries the result alone."""
    sys.stderr.write(inert(text) + "\n")


def script(text: str) -> None:
    """Print a text that is ours, or harmless already, as it is."""
    sys.stdout.write(text + "\n")


def as_json(value: Any) -> None:
    """Print one JSON document on one line, in ASCII: as inert on a terminal as it is exact for a program."""
    sys.stdout.write(json.dumps(value, separators=(", ", ": ")) + "\n")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """Print `rows`: a drawn table on a terminal, tab-separated lines without headings in a pipe.

    Where there are none a terminal shows `empty`, a sentence, and a pipe carries nothing.
    """
    harmless = [[inert(cell) for cell in row] for row in rows]
    if not to_terminal():
        for row in harmless:
            script("\t".join(row))
        return
    if not harmless:
        say(empty)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in headings:
        drawn.add_column(heading, overflow="fold", header_style="bold")
    for row in harmless:
        drawn.add_row(*(Text(cell) for cell in row))
    Console(no_color=not in_color(), highlight=False, emoji=False, markup=False).print(drawn)


def qr(text: str) -> None:
    """`text`, in which case means nothing, as a QR code: upper case fits its compact alphabet."""
    from segno import make

    make(text.upper(), error="l", micro=False).terminal(out=sys.stdout, border=2, compact=True)


def weight(value: float | None) -> str:
    """A trust between 0 and 1 as people write it: 0.56, 0.8, or a dash."""
    return "-" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")


def when(seconds: int | None) -> str:
    """A UNIX time as local date and time, to the minute; times no calendar holds are shown as numbers."""
    if seconds is None:
        return "-"
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    except (OverflowError, OSError, ValueError):
        return str(seconds)


def ago(seconds: int) -> str:
    """A span of time in its largest fitting unit."""
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            count = seconds // length
            return f"{count} {unit}{'s' if count != 1 else ''}"
    return "a moment"
