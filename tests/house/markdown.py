"""Reads the project's Markdown as a reader's program does: its code, and what was cut by accident when lines were wrapped."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

_READER = MarkdownIt("commonmark").enable("table")
_CELL_END = re.compile(r"(?<!\\)\|")
_BEGINS = {"bullet_list_open": "list", "ordered_list_open": "list", "blockquote_open": "quotation"}


def code_in(text: str) -> str:
    """Return what a reader would type: code blocks and code spans, one a line."""
    found = []
    for token in _READER.parse(text):
        if token.type in {"fence", "code_block"}:
            found.append(token.content)
        found += [inner.content for inner in token.children or () if inner.type == "code_inline"]
    return "\n".join(found)


def without_code_blocks(text: str) -> str:
    """Return the text with the lines of its code blocks left empty."""
    lines = text.splitlines(keepends=True)
    for token in _READER.parse(text):
        if token.type in {"fence", "code_block"} and token.map:
            lines[token.map[0] : token.map[1]] = ["\n"] * (token.map[1] - token.map[0])
    return "".join(lines)


def cut_by_wrapping(text: str) -> list[str]:
    """Return the lines that Markdown reads as something else than the writer meant, each with why.

    A program that wraps lines does not know what a line's first characters mean: it cuts a row of a table in two, or
    puts a minus or a number to the front, which begins a list in the middle of a sentence.
    """
    tokens, lines = _READER.parse(text), text.splitlines()
    return [f"line {number + 1}: {why}" for number, why in sorted({*_rows(tokens, lines), *_blocks(tokens, lines)})]


def _rows(tokens: list[Token], lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the rows with another number of cells than the head of their table, and rows outside of tables."""
    width, inside = 0, set()
    for token in tokens:
        if token.map is None:
            continue
        if token.type == "table_open":
            width = 0
            inside |= set(range(*token.map))
        elif token.type == "tr_open":
            line = lines[token.map[0]].strip()
            cells = len(_CELL_END.findall(line)) - 1
            width = width or cells
            if not (line.startswith("|") and line.endswith("|")):
                yield token.map[0], "a row of a table that does not begin and end with |"
            elif cells != width:
                yield token.map[0], f"a row of {cells} cells in a table of {width}"
    for token in tokens:
        if token.type == "inline" and token.map:
            for number in range(*token.map):
                if number not in inside and lines[number].lstrip(" >").startswith("|"):
                    yield number, "a row outside of a table"


def _blocks(tokens: list[Token], lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield what begins in the middle of a paragraph: after a line that does not end in a colon, without an empty one."""
    before: Token | None = None
    for token in tokens:
        if token.type in _BEGINS and token.map and before is not None and before.type == "paragraph_close":
            number = token.map[0]
            above = lines[number - 1].rstrip()
            if above and not above.endswith(":") and not _is_item_of(above, lines[number]):
                yield number, f"a {_BEGINS[token.type]} in the middle of a paragraph"
        if token.type == "heading_open" and token.markup in {"-", "="} and token.map:
            yield token.map[0], "a heading by a line below it"
        before = token


def _is_item_of(above: str, line: str) -> bool:
    """Whether the line begins a list within the item above it, all of which is on that one line."""
    item = re.match(r" *([-*+]|\d+\.) +", above)
    return item is not None and len(line) - len(line.lstrip()) >= item.end()
