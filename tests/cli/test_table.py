"""Tables look as those of Rich do where they fit, and nothing is lost of those that are folded."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from meshnode.cli.table import RULE, drawn, folded, width

WORDS = st.text("abc déß中文の한 x́'-", min_size=1, max_size=30).map(str.strip).filter(bool)
ROWS = st.integers(1, 5).flatmap(lambda count: st.lists(st.lists(WORDS, min_size=count, max_size=count), min_size=2))
WIDE = 1_000


def by_rich(headings: list[str], rows: list[list[str]]) -> list[str]:
    """Return the lines that Rich draws."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in headings:
        table.add_column(Text(heading))
    for row in rows:
        table.add_row(*map(Text, row))
    shown = io.StringIO()
    Console(file=shown, width=WIDE, color_system=None).print(table)
    return [line.rstrip() for line in shown.getvalue().splitlines()]


@given(ROWS)
def test_a_table_that_fits_looks_as_by_rich(rows: list[list[str]]) -> None:
    above, below = drawn(rows[0], rows[1:], WIDE)
    assert above + below == by_rich(rows[0], rows[1:])


@given(ROWS, st.integers(1, 60))
def test_a_table_that_is_folded_fits_and_keeps_every_letter(rows: list[list[str]], columns: int) -> None:
    above, below = drawn(rows[0], rows[1:], columns)
    least = 5 * len(rows[0]) - 3  # two columns for the widest letter, and three between two of them
    assert max(map(cell_len, above + below)) <= max(columns, least)
    shown = "".join(above + below).replace(RULE, "").replace(" ", "")
    assert sorted(shown) == sorted("".join(map("".join, rows)).replace(" ", ""))


@given(st.text("ab 中文", max_size=60), st.integers(2, 20))
def test_what_is_folded_fits_and_breaks_words_only_where_they_are_too_long(text: str, room: int) -> None:
    lines = folded(text, room)
    assert all(width(line) <= room for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    for word in text.split():
        assert width(word) > room or any(word in line.split() for line in lines)


def test_signs_that_take_two_columns_and_those_that_take_none_are_counted_so() -> None:
    assert [width(text) for text in ("", "Bob", "Zoë", "Zoe\u0308", "中文", "한국", "🙂", "שלום", "\u2068سلام\u2069")] == [
        0, 3, 3, 3, 4, 4, 2, 4, 4,
    ]  # fmt: skip
