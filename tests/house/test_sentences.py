"""Checks that comments, docstrings, pages and names of tests use no word of the list below.

These words have stopped readers before: they are archaic or private, or they are "he" for people, who are "they".
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.source_tree import ROOT, files, nodes, python_files

# word: what to write instead.
INSTEAD = {
    r"anew": "again, or: a new one",
    r"be it": "even if, or: whether",
    r"by heart": "in memory",
    r"(who|whom)ever": "anyone who, or the noun: the sender, the viewer",
    r"himself|his|him|he": "they; or name the person",
    r"(has|have) yet to": "does not yet",
    r"of its making": "that it made",
    r"so many of": "that many",
    r"no more(?! than| of| often| \w+ than)": "no longer",
    r"nought": "zero",
    r"made-up people": "Sybils",
    r"at odds": "blocked either way",
    r"thence|whence|hence": "from there; so",
    r"lest": "so that ... not",
}
BANNED = re.compile(rf"\b(?:{'|'.join(INSTEAD)})\b", re.IGNORECASE)

# Words of others, and this list.
LEFT_OUT = {"LICENSE", "tests/house/test_sentences.py", "protocol/vectors/README.md"}


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file that are written for readers, with their numbers."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield from enumerate(text.splitlines(), 1)
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        is_docstring = token.type == tokenize.STRING and token.string.startswith(('"""', 'r"""'))
        if token.type == tokenize.COMMENT or is_docstring:
            yield from enumerate(token.string.splitlines(), token.start[0])


def pages_and_code() -> list[Path]:
    """Return all pages and all Python files."""
    return [path for path in [*files(".md"), *python_files()] if str(path.relative_to(ROOT)) not in LEFT_OUT]


@pytest.mark.parametrize("top", sorted({path.relative_to(ROOT).parts[0] for path in pages_and_code()}))
def test_no_word_stops_a_reader(top: str) -> None:
    found = []
    for path in pages_and_code():
        if path.relative_to(ROOT).parts[0] != top:
            continue
        for number, line in prose(path):
            if match := BANNED.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {match[0]!r} in: {line.strip()[:100]}")
    assert not found, "\n" + "\n".join(found)


# The same in names of tests, which read as sentences too.
IN_NAMES = re.compile(
    r"(?:^|_)(?:his|he|him|himself|(?:who|whom)ever|anew|no_more|nought|stands|struck|strikes?)(?:_|$)"
)


def test_no_word_in_the_name_of_a_test_stops_a_reader() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in python_files("tests")
        for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
        if IN_NAMES.search(name)
    ]
    assert not found, "\n" + "\n".join(found)


# A first line says what a thing does, or names it by a noun.
NO_NOUN = re.compile(r"(?:What|Who|Whom|Whose)\b")


def test_no_docstring_begins_with_a_clause_instead_of_a_noun() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {docstring.splitlines()[0][:100]}"
        for path in python_files("meshnode", "protocol", "bench", "conformance")
        if path.parent.name != "text"
        for node in nodes(path)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and (docstring := ast.get_docstring(node))
        and NO_NOUN.match(docstring)
    ]
    assert not found, "\n" + "\n".join(found)


def test_the_summary_of_a_docstring_is_one_line() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {summary}"
        for path in python_files("meshnode")
        for node in nodes(path)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and (summary := (ast.get_docstring(node) or ".").splitlines()[0])
        and not summary.endswith((".", ":"))
    ]
    assert not found, "\n" + "\n".join(found)
