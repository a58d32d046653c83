"""docs/threat-model.md and the tests agree: each section leads to tests that exist, and so does each known weakness."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.house.source_tree import ROOT

PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
WEAKNESSES = "Known weaknesses"
CLAIMS_NOTHING = {WEAKNESSES, "Not covered"}

SECTION = re.compile(r"^## (.+)\n", re.MULTILINE)
TABLE = re.compile(r"<details>\n<summary>Which test holds what</summary>\n(.+?)\n</details>", re.DOTALL)
ROW = re.compile(r"^\| (.+) \|$", re.MULTILINE)
# A file of tests, and in parentheses after it the functions that are meant, if not all of them.
NAMED = re.compile(r"`(tests/[^`]+)`(?: \(((?:`\w+`(?:, )?)+)\))?")
POINT = re.compile(r"^- \*\*(\w+)\.\*\*", re.MULTILINE)


def sections(page: str) -> dict[str, str]:
    """Return the text of each section by its heading."""
    parts = SECTION.split(page)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(text: str) -> list[list[str]]:
    """Return the cells of the tables in a text, without their heads."""
    found = [row.split(" | ") for row in ROW.findall(text)]
    return found[1:]


def lost_tests(page: str) -> list[str]:
    """Return the tests that the page names and that do not exist."""
    lost = []
    for path, functions in NAMED.findall(page):
        source = (ROOT / path).read_text(encoding="utf-8") if (ROOT / path).is_file() else None
        if source is None:
            lost.append(path)
        else:
            names = re.findall(r"\w+", functions)
            lost += [
                f"{path}: {name}" for name in names if not re.search(rf"^(async )?def {name}\(", source, re.MULTILINE)
            ]
    return lost


def sections_without_tests(page: str) -> list[str]:
    """Return the sections whose claims lead to no test, or to a row that names none."""
    found = []
    for title, text in sections(page).items():
        held = [row for table in TABLE.findall(text) for row in rows(table)]
        if title not in CLAIMS_NOTHING and not (held and all(NAMED.search(row[-1]) for row in held)):
            found.append(title)
    return found


def points_without_tests(page: str) -> list[str]:
    """Return the points of lists (`- **Storage.** ...`) of which no row of their section's table speaks."""
    found = []
    for text in sections(page).values():
        claims = [row[0] for table in TABLE.findall(text) for row in rows(table)]
        first = {re.split(r"\W", claim)[0].lower() for claim in claims}
        found += [point for point in POINT.findall(text) if point.lower() not in first]
    return found


def unshown_weaknesses(page: str) -> list[str]:
    """Return the known weaknesses that no test shows, and of which the page does not say why not."""
    return [row[1] for row in rows(sections(page)[WEAKNESSES]) if not re.match(r"`tests/|none: \w+ \w+", row[-1])]


CHECKS = [lost_tests, sections_without_tests, points_without_tests, unshown_weaknesses]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_claim_and_every_weakness_leads_to_a_test(check: Callable[[str], list[str]]) -> None:
    assert not check(PAGE)


def test_the_page_has_weaknesses_that_can_be_checked() -> None:
    """A table that is not read would pass all checks."""
    assert rows(sections(PAGE)[WEAKNESSES])


ADDED = """## Added

- **Noise.** Nobody can be too loud.

<details>
<summary>Which test holds what</summary>

| claim | tests |
|---|---|
| noise | `tests/house/test_threat_model.py` (`test_what_is_missing_is_noticed`) |

</details>

## Known weaknesses

| who | can | what you can do | shown by |
|---|---|---|---|
| a neighbor | sing | sing along | `tests/house/test_threat_model.py` |
"""


@pytest.mark.parametrize(
    ("check", "was", "becomes", "found"),
    [
        (lost_tests, "test_threat_model.py` (", "test_no_model.py` (", ["tests/house/test_no_model.py"]),
        (lost_tests, "missing", "lost", ["tests/house/test_threat_model.py: test_what_is_lost_is_noticed"]),
        (sections_without_tests, "| noise | `tests/house/", "| noise | `", ["Added"]),
        (sections_without_tests, "Which test holds what", "More", ["Added"]),
        (points_without_tests, "| noise |", "| sounds |", ["Noise"]),
        (unshown_weaknesses, "along | `tests/house/test_threat_model.py` |", "along | none |", ["sing"]),
        (unshown_weaknesses, "along | `tests/house/test_threat_model.py` |", "along |", ["sing"]),
    ],
)
def test_what_is_missing_is_noticed(
    check: Callable[[str], list[str]], was: str, becomes: str, found: list[str]
) -> None:
    assert not check(ADDED)
    assert was in ADDED
    assert check(ADDED.replace(was, becomes)) == found
