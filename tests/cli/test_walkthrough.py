"""Pages with transcripts are played by real nodes, and every line is compared with what the nodes print."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.walkthrough import ROOT, Step, matches, neighbors, steps_of

PAGES = sorted(page for page in (ROOT / "docs").glob("*.md") if "```console\n" in page.read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_shows_is_what_happens(page: Path, tmp_path: Path) -> None:
    steps = steps_of(page)
    assert steps
    with neighbors(tmp_path) as people:
        for step in steps:
            people.play(step)


def test_a_page_with_stories_is_there() -> None:
    assert PAGES


def test_a_transcript_is_read_command_by_command(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Look:\n```console\nann$ meshnode mine\nDrill\n\nbob$ meshnode run\n```\n```sh\nann$ no\n```\n")
    assert steps_of(page) == [Step("ann", "meshnode mine", ("Drill",)), Step("bob", "meshnode run", ())]


@pytest.mark.parametrize(
    ("shown", "expected", "right"),
    [
        ("Drill - 2km away\n", ("Drill - 2km away",), True),
        ("Drill - 2km away\n", ("Drill - … away",), True),
        ("Drill - 2km away\n", ("Drill",), False),
        ("a      b\n\nc\n", ("a b", "c"), True),
        ("a\nb\nc\n", ("a", "…"), True),
        ("a\n", ("a", "…"), True),
        ("a\nb\n", ("…", "c"), False),
        ("a\nb\n", ("a",), False),
        ("", (), True),
        ("anything\n", (), False),
        ("a.c\n", ("abc",), False),
    ],
)
def test_what_is_shown_is_held_against_the_page_line_by_line(
    shown: str, expected: tuple[str, ...], right: bool
) -> None:
    assert matches(shown, expected) is right
