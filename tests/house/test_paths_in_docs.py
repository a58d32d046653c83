"""Checks that paths on pages exist and are written from the top of the checkout: `protocol/trust/paths.py`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.source_tree import OURS, ROOT, files
from tests.house.test_docs import pages, shown

SPAN = re.compile(r"`([^`\s]+)`")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
PATH = re.compile(r"\.?[\w*-]+(/[\w.*-]+)+/?")

# "protocol/         what is in it", and below it "  records/   one file a kind": an outline of the source.
ENTRY = re.compile(r"^( *)([\w.]+(?:/|\.py))(?= |$)", re.MULTILINE)


def top_level() -> set[str]:
    """Return the top-level directories of the project."""
    return {path.relative_to(ROOT).parts[0] for path in files() if len(path.relative_to(ROOT).parts) > 1}


def inner() -> set[str]:
    """Return the names inside of the two packages with which a shortened path would begin."""
    entries = [entry for package in OURS for entry in (ROOT / package).iterdir() if not entry.name.startswith("_")]
    return {entry.stem for entry in entries if entry.is_dir() or entry.suffix == ".py"}


def exists(path: str) -> bool:
    """Whether something of this name exists; `*` is any part of a name."""
    return any(ROOT.glob(path.rstrip("/"))) if "*" in path else (ROOT / path).exists()


def outline(block: str) -> list[str]:
    """Return the paths of an outline, in which an entry is inside of the last one above that is less indented."""
    above: list[tuple[int, str]] = []
    found = []
    for indent, name in ENTRY.findall(block):
        above = [(depth, path) for depth, path in above if depth < len(indent)]
        path = (above[-1][1] if above else "") + name
        above.append((len(indent), path))
        found.append(path)
    return found


@pytest.mark.parametrize("page", pages(), ids=shown)
def test_every_path_on_a_page_exists_and_is_written_in_full(page: Path) -> None:
    spans = [span for span in SPAN.findall(FENCED.sub("", page.read_text(encoding="utf-8"))) if PATH.fullmatch(span)]
    tops = top_level()
    lost = [span for span in spans if span.split("/")[0] in tops and not exists(span)]
    shortened = [span for span in spans if span.split("/")[0] in inner() - tops]
    assert not lost
    assert not shortened, f"write the whole path: {shortened}"


def test_the_outline_of_the_source_names_what_exists() -> None:
    page = ROOT / "docs" / "architecture.md"
    paths = [path for block in FENCED.findall(page.read_text(encoding="utf-8")) for path in outline(block)]
    assert len(paths) > len(OURS)
    assert not [path for path in paths if not exists(path)]


@pytest.mark.parametrize("package", ["protocol", "meshnode", "meshnode/app"])
def test_the_outline_leaves_out_no_package(package: str) -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = {path.rstrip("/") for block in FENCED.findall(text) for path in outline(block)}
    packages = {str(path.parent.relative_to(ROOT)) for path in (ROOT / package).glob("*/__init__.py")}
    assert not sorted(packages - named)
