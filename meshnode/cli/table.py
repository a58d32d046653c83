"""Draws tables for terminals: a line of headings, a rule, and the rows, in which cells that are too wide are folded.

It is written by hand because importing a library for it takes longer than a whole command may.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from unicodedata import category, east_asian_width

USUAL_COLUMNS = 80  # of a terminal that does not say how wide it is
GAP = "   "
NARROWEST = 2  # columns that a column is narrowed to: the widest letter fits
RULE = "─"
WHOLE_LETTERS = 11  # a column of words up to this width, such as ids, is never folded: six of them fit into 80 columns
UNSEEN = ("Mn", "Me", "Cf")  # categories of signs that take no room: accents, and marks of direction


def drawn(headings: Sequence[str], rows: Sequence[Sequence[str]], columns: int) -> tuple[list[str], list[str]]:
    """Return the lines of a table that is at most so many columns wide: those of the headings, and the rule with the rows.

    Every row has a cell for each heading. Only where the columns are too many for the terminal, lines are wider than it.
    """
    cells = list(zip(headings, *rows, strict=True))
    widths = [max(map(width, column)) for column in cells]
    foldable = [
        widest > WHOLE_LETTERS or any(" " in cell for cell in column[1:])
        for widest, column in zip(widths, cells, strict=True)
    ]
    _narrow(widths, foldable, columns - len(GAP) * (len(widths) - 1))
    rule = RULE * (sum(widths) + len(GAP) * (len(widths) - 1))
    return list(_row(headings, widths)), [rule, *(line for row in rows for line in _row(row, widths))]


def terminal_columns() -> int:
    """Return how wide the terminal is at which this command writes."""
    given = os.environ.get("COLUMNS", "")
    if given.isascii() and given.isdigit() and int(given):
        return int(given)
    try:
        return os.get_terminal_size().columns or USUAL_COLUMNS
    except OSError:
        return USUAL_COLUMNS


def width(text: str) -> int:
    """Return how many columns a terminal uses for a text (Unicode TR 11)."""
    return len(text) if text.isascii() else sum(map(_width, text))


def folded(text: str, room: int) -> list[str]:
    """Return a text in lines of at most so many columns, broken at spaces, and inside of words that are wider."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer) <= room:
            line = longer
            continue
        if line:
            lines.append(line)
        *whole, line = _pieces(word, room)
        lines += whole
    return [*lines, line]


def _width(sign: str) -> int:
    if category(sign) in UNSEEN:
        return 0
    return 2 if east_asian_width(sign) in ("W", "F") else 1


def _pieces(word: str, room: int) -> Iterator[str]:
    piece, taken = "", 0
    for sign in word:
        if piece and taken + _width(sign) > room:
            yield piece
            piece, taken = "", 0
        piece += sign
        taken += _width(sign)
    yield piece


def _narrow(widths: list[int], foldable: Sequence[bool], room: int) -> None:
    """Make the widest columns narrower until all fit, those first that may be folded."""
    for allowed in (foldable, [True] * len(widths)):
        while sum(widths) > room:
            wide = [index for index, is_allowed in enumerate(allowed) if is_allowed and widths[index] > NARROWEST]
            if not wide:
                break
            widths[max(wide, key=widths.__getitem__)] -= 1


def _row(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    columns = [folded(cell, room) for cell, room in zip(cells, widths, strict=True)]
    for number in range(max(map(len, columns))):
        parts = [column[number] if number < len(column) else "" for column in columns]
        padded = [part + " " * (room - width(part)) for part, room in zip(parts, widths, strict=True)]
        yield GAP.join(padded).rstrip()
