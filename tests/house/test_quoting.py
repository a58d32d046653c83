"""Others' words stand quoted in sentences of ours: a title or name must not read like a part of the sentence."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.source_tree import ROOT, nodes, python_files

OTHERS_WORDS = {"title", "name"}  # fields that hold what people have typed
NAMING = {"name_of", "name_in", "public_name", "called"}  # functions that return a name as it was typed
OURS = {"firewall", "field", "signal", "each"}  # things with names that nobody has typed


def test_no_sentence_of_the_daemon_holds_a_title_or_name_as_it_was_typed() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{part.lineno}: {ast.unparse(part)}"
        for path in python_files("meshnode")
        if path.relative_to(ROOT).parts[1] in ("app", "api", "net", "replica")
        for node in nodes(path)
        for part in _filled(node)
        if _is_others_words(part)
    ]
    assert not found, "\n" + "\n".join(found)


def _filled(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what a sentence is filled with: the parts of a text, or the values of a template."""
    if isinstance(node, ast.JoinedStr) and _is_sentence(node):
        yield from _parts(node)
    elif isinstance(node, ast.Call) and any(
        isinstance(given, ast.Constant) and "{" in str(given.value)
        for argument in node.args
        for given in ast.walk(argument)
    ):
        yield from (keyword.value for keyword in node.keywords)


def _is_sentence(node: ast.JoinedStr) -> bool:
    """Whether it is more than a key or path: it has a space between words of ours."""
    return any(isinstance(part, ast.Constant) and " " in str(part.value) for part in node.values)


def _parts(node: ast.JoinedStr) -> Iterator[ast.expr]:
    return (part.value for part in node.values if isinstance(part, ast.FormattedValue))


def _is_others_words(part: ast.expr) -> bool:
    if isinstance(part, ast.Attribute):
        of = part.value
        return part.attr in OTHERS_WORDS and not (isinstance(of, ast.Name) and of.id in OURS)
    return isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in NAMING
