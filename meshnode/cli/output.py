"""Writes to the terminal: lines, tables, notes and JSON, with other people's texts made inert.

Every line passes `inert` on its way out, so that no name or title can move the cursor, set the clipboard, or turn the
reading direction around (terminal escapes; Unicode TR 36 on bidirectional text).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

JOINERS = "\u200c\u200d"  # invisible, but Persian and many emoji are written with them


def inert(text: str) -> str:
    """Return `text` as one harmless line: controls become their pictures, other invisible characters their code points."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_inert_character, text))


def _inert_character(character: str) -> str:
    point = ord(character)
    if point < 0x20:
        return chr(0x2400 + point)
    if point == 0x7F:
        return "\u2421"
    import unicodedata

    category = unicodedata.category(character)
    if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") and character not in JOINERS:
        return f"<U+{point:04X}>"
    return character


def to_terminal() -> bool:
    """Whether a person reads the output."""
    return sys.stdout.isatty()


def in_color() -> bool:
    """Whether to use color: on terminals, unless NO_COLOR is set (https://no-color.org)."""
    return to_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(text: str = "", *, title: str = "") -> None:
    """Print one line, made inert; `title` goes before it, in bold where color is welcome."""
    if title and in_color():
        sys.stdout.write(f"\x1b[1m{inert(title)}\x1b[22m")
    elif title:
        sys.stdout.write(inert(title))
    sys.stdout.write(inert(text) + "\n")


def note(text: str) -> None:
    """Print one line, made inert, on standard error, so that a pipe carries only the result."""
    sys.stderr.write(inert(text) + "\n")


def script(text: str) -> None:
    """Print, unchanged, a text that is ours or was made harmless before."""
    sys.stdout.write(text + "\n")


def as_json(value: Any) -> None:
    """Print one JSON document on one line, in ASCII: harmless on a terminal, exact for a program."""
    sys.stdout.write(json.dumps(value, separators=(", ", ": ")) + "\n")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """Print `rows`: a drawn table on a terminal, tab-separated lines without headings in a pipe.

    Without rows, a terminal shows the sentence `empty`, and a pipe carries nothing.
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
    """Print `text`, whose case does not matter, as a QR code: upper case fits its compact alphabet."""
    from segno import make

    make(text.upper(), error="l", micro=False).terminal(out=sys.stdout, border=2, compact=True)
