"""Checks that one word names one thing: no two classes have one name."""

from __future__ import annotations

import ast
from collections import defaultdict

from tests.house.source_tree import ROOT, nodes, python_files

# Each of these words once named several things. Outside the tests too, it names one class at most.
ONE_CLASS = {
    "Address", "Attempt", "Desk", "Found", "Network", "Outcome", "Position", "Search", "Stage", "State", "Wanted"
}  # fmt: skip


def classes(*under: str) -> dict[str, list[str]]:
    """Return the names of all classes in these top directories, each with the files that define it."""
    found = defaultdict(list)
    for path in python_files(*under):
        for node in nodes(path):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(str(path.relative_to(ROOT)))
    return found


def test_no_two_classes_have_one_name() -> None:
    twice = {
        name: where
        for name, where in classes("meshnode", "protocol", "bench", "conformance", "scripts").items()
        if len(where) > 1 and not name.startswith("_")  # a private class is read beside the code that uses it
    }
    assert not twice


def test_a_test_takes_none_of_the_words_that_name_one_class() -> None:
    twice = {name: where for name, where in classes().items() if name in ONE_CLASS and len(where) > 1}
    assert not twice
