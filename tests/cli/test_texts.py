"""Texts for people: plurals, dates and quantities read right, and commands hold no sentences of their own."""

from __future__ import annotations

import ast
import re
import time
from pathlib import Path

import pytest

from meshnode.text import choices, errors, exchanges, forms
from meshnode.text.catalog import message, plural
from protocol import Precision, across_km

CLI = Path(__file__).resolve().parents[2] / "meshnode" / "cli"
SENTENCE = re.compile(r"[A-Za-z]{2,},? [a-z]{2,} [a-z]{2,}")
NO_SENTENCES = {"completion.py"}  # holds a shell script


def test_a_template_is_filled_by_name_and_a_value_is_never_a_template() -> None:
    assert message("You trust {name}.", name="{Bob}") == "You trust {Bob}."
    assert plural(1, "1 post", "{n} posts") == "1 post"
    assert plural(0, "1 post", "{n} posts") == "0 posts"
    assert plural(7, "1 post by {name}", "{n} posts by {name}", name="Bob") == "7 posts by Bob"


def test_a_date_has_its_year_only_when_it_is_not_this_year() -> None:
    now = time.localtime()
    this_year = int(time.mktime((now.tm_year, 2, 27, 13, 38, 5, 0, 0, -1)))
    next_year = int(time.mktime((now.tm_year + 1, 12, 3, 0, 0, 0, 0, 0, -1)))
    assert forms.day(this_year) == "27 Feb"
    assert forms.moment(this_year) == "27 Feb 13:38"
    assert forms.clock(this_year) == "13:38:05"
    assert forms.day(next_year) == f"3 Dec {now.tm_year + 1}"
    assert forms.day(None) == "-"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(3, "a moment"), (60, "1 minute"), (7_200, "2 hours"), (86_400, "1 day"), (259_200, "3 days")],
)
def test_a_length_of_time_is_in_its_largest_unit(seconds: int, shown: str) -> None:
    assert forms.span(seconds) == shown


def test_a_list_ends_with_and() -> None:
    assert forms.listed(["Drill"]) == "Drill"
    assert forms.listed(["Drill", "Saw", "Ladder"]) == "Drill, Saw and Ladder"
    assert forms.first_few(["Drill", "Saw", "Ladder"], 1) == "Drill and 2 more"


@pytest.mark.parametrize(
    ("count", "unit", "shown"),
    [
        (None, "", "Beans"),
        (1, "", "Beans"),
        (2, "", "Beans (quantity: 2)"),
        (1, "boxes", "Beans (boxes: 1)"),
        (3, "kg", "Beans (3 kg)"),
        (1, "kg", "Beans (1 kg)"),
        (2.5, "kg", "Beans (2.5 kg)"),
        (0.125, "", "Beans (quantity: 0.125)"),
        (1_000_000, "loaves", "Beans (loaves: 1000000)"),
    ],
)
def test_a_quantity_reads_right_with_any_unit(count: float | None, unit: str, shown: str) -> None:
    assert forms.quantity("Beans", count, unit) == shown


def declined(**more: object) -> dict[str, object]:
    """Return an exchange that Carol has declined, as the asker sees it."""
    listing = {"title": "Fresh vegetables", "type": "offer"}
    reply = {"state": "declined", "with": {"name": "Carol"}, "listing": listing, "quantity": None, "unit": ""}
    return reply | {"asked": True, "reason": None} | more


def test_a_refusal_is_told_with_its_reason() -> None:
    assert exchanges.summary(declined(reason="gone")) == "Carol declined: it is no longer available (Fresh vegetables)"
    assert exchanges.summary(declined()) == "Carol declined (Fresh vegetables)"


def test_an_error_is_sentences_and_a_command_at_its_end_can_be_copied() -> None:
    assert errors.line("you block Alice", "unblock them first") == "You block Alice. Unblock them first."
    assert (
        errors.line("it is open to others", "run: chmod 700 /home/a") == "It is open to others. Run: chmod 700 /home/a"
    )
    assert errors.line("this is your own card", "") == "This is your own card."


def test_the_width_of_an_area_is_the_protocols() -> None:
    assert {each.word: across_km(each) for each in Precision} == choices.PRECISIONS


def test_no_command_holds_a_sentence() -> None:
    found = []
    for path in sorted(CLI.rglob("*.py")):
        tree = ast.parse(path.read_text())
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docstrings]
        found += [
            f"{path.name}:{node.lineno}: {node.value}"
            for node in texts
            if isinstance(node.value, str) and SENTENCE.search(node.value) and path.name not in NO_SENTENCES
        ]
    assert not found, "texts for people belong into meshnode/text"
