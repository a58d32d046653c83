"""Finds every sentence for people in the source: those in `message` and `plural`, of errors, and in the page's templates.

A sentence belongs to one catalog, which is named for the module of `meshnode/text` that it stands in; `page` also has those
of the page's templates, and `node` those of the daemon's errors.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment
from jinja2.ext import extract_from_ast

from meshnode import errors
from meshnode.text import translations

ROOT = Path(__file__).parents[2]
MESHNODE = ROOT / "meshnode"
CATALOGS = Path(translations.DIRECTORY)
ERRORS = {
    name
    for name, each in vars(errors).items()
    if isinstance(each, type) and issubclass(each, errors.MeshnodeError) and name != "MeshnodeError"
} | {"found_problem"}
FIRST_ARGUMENT = {"found_problem": 1}  # the first argument of these is no sentence: the stable word of a problem
NO_SENTENCES = {"Ambiguous": (1,), "found_problem": (3,)}


@dataclass(frozen=True)
class Found:
    """A sentence: its English text, for a plural also that of many, and where it stands first."""

    one: str
    many: str
    catalog: str
    where: str

    @property
    def key(self) -> str:
        """The text by which it is looked up."""
        return self.many or self.one


@cache
def sentences() -> tuple[Found, ...]:
    """Return every sentence once, in the order of the files and of their lines."""
    found: dict[tuple[str, str], Found] = {}
    for path in (*sorted(MESHNODE.rglob("*.py")), *sorted(MESHNODE.glob("web/templates/*.html"))):
        for line, one, many in _of_template(path) if path.suffix == ".html" else _of_module(path):
            place = path.relative_to(ROOT)
            found.setdefault((one, many), Found(one, many, _catalog(place), f"{place}:{line}"))
    return tuple(found.values())


def unmarked() -> list[str]:
    """Return the places where a sentence is put together before it can be looked up."""
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(argument)}"
        for path in sorted(MESHNODE.rglob("*.py"))
        for node, arguments in _calls(path)
        for argument in arguments
        if any(isinstance(part, ast.JoinedStr) for part in ast.walk(argument))
    ]


def _catalog(path: Path) -> str:
    if path.parts[1] == "web":
        return "page"
    return path.stem if path.parts[1] == "text" else "node_errors"


def _of_template(path: Path) -> Iterator[tuple[int, str, str]]:
    tree = Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
    for line, name, texts in extract_from_ast(tree, ("_", "n_")):
        if isinstance(texts, str):
            yield line, texts, ""
        elif texts is not None and name == "n_":
            yield line, str(texts[1]), str(texts[2])
        elif texts is not None:
            yield line, str(texts[0]), ""


def _of_module(path: Path) -> Iterator[tuple[int, str, str]]:
    for node, arguments in _calls(path):
        if _name(node) in ("plural", "plural_forms"):
            one, many = arguments
            if isinstance(one, ast.Constant) and isinstance(many, ast.Constant):
                yield node.lineno, str(one.value), str(many.value)
            continue
        for argument in arguments:
            for part in _choices(argument):
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value:
                    yield node.lineno, part.value, ""


def _calls(path: Path) -> Iterator[tuple[ast.Call, list[ast.expr]]]:
    """Yield the calls that take sentences, each with those of its arguments."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = _name(node)
            if name in ("message", "said"):
                yield node, node.args[:1]
            elif name == "plural":
                yield node, node.args[1:3]
            elif name == "plural_forms":
                yield node, node.args
            elif name in ERRORS and path.name != "errors.py":
                first, without = FIRST_ARGUMENT.get(name, 0), NO_SENTENCES.get(name, ())
                yield node, [each for at, each in enumerate(node.args) if at >= first and at not in without]
            elif name in ERRORS:
                yield node, node.args[:2]


def _choices(argument: ast.expr) -> Iterator[ast.expr]:
    """Yield the expressions of which one is the argument."""
    if isinstance(argument, ast.IfExp):
        yield from _choices(argument.body)
        yield from _choices(argument.orelse)
    elif isinstance(argument, ast.BoolOp):
        for value in argument.values:
            yield from _choices(value)
    else:
        yield argument


def _name(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""
