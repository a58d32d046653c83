"""docs/faults.md and the tests agree: every fault that a test names is on the page, and what the page names exists."""

from __future__ import annotations

import re

from tests.house.source_tree import ROOT, python_files

PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)


def test_the_page_counts_its_faults_without_a_gap() -> None:
    assert [int(number) for number, _, _, _ in ROWS] == list(range(1, len(ROWS) + 1))


def test_every_test_file_on_the_page_exists() -> None:
    named = {path for _, _, tests, _ in ROWS for path in re.findall(r"`(tests/[^`]+)`", tests)}
    assert named
    assert not sorted(path for path in named if not (ROOT / path).exists())


def test_every_fault_has_a_test_and_a_guard_or_says_why_not() -> None:
    for number, _, tests, guards in ROWS:
        if not tests.startswith("none yet: "):
            assert "`tests/" in tests, number
            assert re.fullmatch(
                r"`(meshnode|protocol)/[\w/]+\.(py|js)`(, `(meshnode|protocol)/[\w/]+\.(py|js)`)*", guards
            ), number


def test_every_fault_that_a_test_names_is_on_the_page() -> None:
    rows = {int(number) for number, _, _, _ in ROWS}
    named = {
        int(number): path
        for path in python_files("tests")
        for number in re.findall(r"def test_fault_(\d+)_", path.read_text(encoding="utf-8"))
    }
    assert not {number: str(path) for number, path in named.items() if number not in rows}
