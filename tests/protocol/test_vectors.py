"""The golden vectors: the files are the same as the code makes them, and a test reads every file."""

from __future__ import annotations

import pytest

from tests.support.golden import DIRECTORY, golden
from tests.support.vectors import FOREIGN, MAKERS, made


@pytest.mark.parametrize("name", MAKERS)
def test_the_committed_vectors_are_the_ones_that_the_code_makes(name: str) -> None:
    assert made(name) == golden(name)


def test_every_file_of_vectors_is_made_here_or_comes_from_elsewhere() -> None:
    assert {path.name for path in DIRECTORY.glob("*.json")} == MAKERS.keys() | FOREIGN
    page = (DIRECTORY / "README.md").read_text()
    assert all(f"| `{name}` |" in page for name in MAKERS.keys() | FOREIGN)
