"""Reads the project's own source for the tests of this directory: its files, and what each of them imports."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ("protocol", "meshnode")

# What tools leave behind, and git's own files, are not checked.
_LEFT_BEHIND = {"__pycache__", "build", "dist"}
_HIDDEN_BUT_OURS = {".ci", ".gitignore"}


@dataclass(frozen=True)
class Import:
    """One import: who imports which module, and where. `module` is a full name, as deep as the file system can tell."""

    importer: str
    module: str
    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.importer} imports {self.module}"


def files(*suffixes: str) -> list[Path]:
    """Return every file of the project, or those whose names end so."""
    return [path for path in _all_files() if not suffixes or path.name.endswith(suffixes)]


@cache
def _all_files() -> tuple[Path, ...]:
    return tuple(sorted(_walk(ROOT)))


def _walk(directory: Path) -> Iterator[Path]:
    for path in directory.iterdir():
        if path.name in _LEFT_BEHIND or (path.name.startswith(".") and path.name not in _HIDDEN_BUT_OURS):
            continue
        if path.is_dir():
            if not (path / "identity.key").exists():  # the directory of a node that somebody tried out in the checkout
                yield from _walk(path)
        else:
            yield path


def python_files(*under: str) -> list[Path]:
    """Return the Python files of these top directories, or all of them if none is named."""
    return [path for path in files(".py") if not under or path.relative_to(ROOT).parts[0] in under]


def module_name(path: Path) -> str:
    """Return the name of a module: `meshnode/store/__init__.py` -> `meshnode.store`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree(path: Path) -> ast.Module:
    """Return the parsed file."""
    parsed = ast.parse(path.read_text(encoding="utf-8"), str(path))
    gc.freeze()  # it stays until the end: without this, parsing takes four times as long, most of it in the collector
    return parsed


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Return all nodes of the parsed file."""
    return tuple(ast.walk(tree(path)))


@cache
def modules() -> frozenset[str]:
    """Return the names of all our modules and packages."""
    return frozenset(module_name(path) for path in python_files(*OURS))


@cache
def imports_of(path: Path) -> tuple[Import, ...]:
    """Return everything that `path` imports, inside functions and under TYPE_CHECKING too."""
    found: list[Import] = []
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            names = [_deepest(node.module or "", alias.name) for alias in node.names]
        else:
            continue
        found += [Import(module_name(path), name, path, node.lineno) for name in dict.fromkeys(names)]
    return tuple(found)


def _deepest(module: str, name: str) -> str:
    """Return the module of `from module import name`, which is `module.name` if there is such a module, else `module`."""
    return f"{module}.{name}" if f"{module}.{name}" in modules() else module


def all_imports(*under: str) -> list[Import]:
    """Return everything that these top directories import."""
    return [found for path in python_files(*under) for found in imports_of(path)]


def is_within(module: str, package: str) -> bool:
    """Whether `module` is `package` or lies inside it."""
    return module == package or module.startswith(package + ".")
