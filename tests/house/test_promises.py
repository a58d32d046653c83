"""Holds the requirements of the project in their original words, and what it promised since, and checks that tests keep each of them.

A test that keeps a promise says so: `@pytest.mark.promise("SHALL ...")`. docs/promises.md shows the same to people.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.house.source_tree import ROOT, files, nodes, python_files

PROMISES = (
    "SHALL let individuals choose their own visibility",
    "SHALL use trust paths for cross-community discovery",
    "SHALL NOT require steward/admin approval for sharing",
    "SHALL respect block lists across communities",
    'SHALL NOT have "partnership" as a concept',
    "SHALL NOT require community-level decisions for individual sharing",
    "SHALL NOT expose people to those with no trust connection",
    "Users can set their sharing preference",
    "Discovery shows resources based on trust + visibility",
    "Cross-community exchanges tracked for metrics",
    "No approval workflows anywhere",
    "Block lists respected network-wide",
    "Resources flow organically based on trust",
    # Promised since:
    "A backup brings back all that anybody still holds",
    "Who loses every device comes back as the same person",
    "Two who never share a network connect and exchange",
    "Words said aloud connect two people and nobody else",
    "An encrypted home tells nothing without its passphrase",
    "All devices of one person know the same",
)
PAGE = ROOT / "docs" / "promises.md"

Kept = tuple[str, str]
"""A file of tests, and the name of a test in it."""


@cache
def marked() -> dict[str, set[Kept]]:
    """Return the tests that are marked as keeping a promise, by promise."""
    found: dict[str, set[Kept]] = {}
    for path in python_files("tests"):
        for function in nodes(path):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for promise in promises_of(function):
                    found.setdefault(promise, set()).add((str(path.relative_to(ROOT)), function.name))
    return found


def promises_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """Yield the promises that the marks of a test name."""
    for mark in function.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.promise":
            yield ast.literal_eval(mark.args[0])


def on_the_page() -> dict[str, set[Kept]]:
    """Return the same from docs/promises.md: a heading for each promise, a line for each test."""
    found: dict[str, set[Kept]] = {}
    for section in re.split(r"^### ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        title, _, tests = section.partition("\n")
        found[title] = set(re.findall(r"^- `([\w/]+\.py)`: `(\w+)`$", tests, re.MULTILINE))
    return found


@pytest.mark.parametrize("promise", PROMISES)
def test_every_promise_is_kept_by_a_test(promise: str) -> None:
    assert marked().get(promise)


def test_no_test_keeps_what_was_not_promised() -> None:
    assert marked().keys() == set(PROMISES)


def test_the_page_of_promises_names_exactly_the_tests_that_keep_them() -> None:
    assert on_the_page() == marked()


FOREIGN = re.compile(r"partner|approv|steward|moderat|gatekeep", re.IGNORECASE)


@pytest.mark.promise('SHALL NOT have "partnership" as a concept')
@pytest.mark.promise("No approval workflows anywhere")
def test_nothing_is_called_a_partnership_or_an_approval() -> None:
    """This holds for names in the code, columns, fields on the wire and in answers, commands and states of an exchange."""
    found = {f"{path.relative_to(ROOT)}: {name}" for path, name in names() if FOREIGN.search(name)}
    assert not found


def names() -> Iterator[tuple[Path, str]]:
    """Yield every name in the two packages: identifiers, texts that programs read, and the database."""
    for path in python_files("protocol", "meshnode"):
        docstrings = {id(node.value) for node in nodes(path) if isinstance(node, ast.Expr)}
        for node in nodes(path):
            for field in ("id", "attr", "arg", "name", "value"):
                text = getattr(node, field, None)
                if isinstance(text, str) and id(node) not in docstrings:
                    yield path, text
    for path in files(".sql"):
        yield path, path.read_text(encoding="utf-8")
