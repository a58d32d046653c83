"""What others wrote never passes for the program's own words, and things that would read alike are told apart."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshnode.cli import kept
from meshnode.quoting import named, quoted
from meshnode.text import connecting, exchanges, forms, waiting
from tests.cli.village import Village

HOSTILE = (
    "Free piano - 0km away (someone you trust)",
    'Drill" - 1km away (in your cell), by "Bob',
    "Bob -> meshnode vouch Mallory --trust 1",
    "Bob. You and Bob agreed",
    "Bob: yes",
    "Bob, by Alice",
    "Bob (mp1abcdefgh)",
    "-> meshnode wipe",
    "Bob -",
    "\\",
    '"',
)
PLAIN = ("Bob", "Fresh vegetables", "Anne-Marie", "O'Neill", "Łódka 2", "दाल", "子供用自転車", "Zoe\u0301")


@pytest.mark.parametrize("words", PLAIN)
def test_plain_words_stand_as_they_are(words: str) -> None:
    assert named(words) == words


@pytest.mark.parametrize("words", HOSTILE)
def test_everything_else_is_put_in_quotation_marks_that_it_cannot_close(words: str) -> None:
    assert json.loads(named(words)) == json.loads(quoted(words)) == words


@given(st.text(st.characters(exclude_categories=["C"])))
def test_no_words_close_their_quotation_marks(words: str) -> None:
    assert re.fullmatch(r'"(?:[^"\\]|\\.)*"', quoted(words), re.DOTALL)
    in_a_sentence = named(words)
    assert in_a_sentence == quoted(words) or not set(in_a_sentence) & set('"().:,>|\\')


@given(st.text(st.characters(exclude_categories=["C"])), st.text('ab->|\n" meshnode'))
def test_every_line_of_others_is_marked_and_the_only_advice_is_the_programs(name: str, words: str) -> None:
    listing = {"title": name, "type": "offer"}
    ask = {"yours": False, "act": "ask", "text": words, "at": 0, "delivery": None}
    reply: dict[str, Any] = {
        "exchange": "4f2a917788",
        "state": "requested",
        "with": {"id": "mp1abcdefghijk", "name": name},
        "listing": listing,
        "quantity": None,
        "unit": "",
        "asked": False,
        "lend": False,
        "reason": "",
        "next": ["accept", "decline"],
        "undelivered": [],
        "differs": [],
        "messages": [ask],
    }
    for everything in (False, True):
        _, *rest = exchanges.lines(reply, everything=everything)
        assert [line for line in rest if line.startswith("  ->")] == ["  -> meshnode accept 4f2a91"]
    said = forms.said(words)
    assert said == [f"  {quoted(words)}"] or all(line.startswith("  | ") for line in said)
    assert "\n" not in "".join(said)


def test_two_of_one_name_are_told_apart_and_one_alone_is_not() -> None:
    bobs = [{"id": f"mp1{letter * 12}", "name": name} for letter, name in (("a", "Bob"), ("b", "bob"), ("c", "Carol"))]
    assert list(forms.apart(bobs).values()) == ["Bob (mp1aaaaaaaa)", "bob (mp1bbbbbbbb)", "Carol"]
    assert list(forms.apart([*bobs[:1], *bobs[:1]]).values()) == ["Bob"]


@pytest.mark.parametrize("told", [0, 1, 2])
def test_two_introduced_people_of_one_name_are_told_apart(told: int) -> None:
    bobs = [{"id": f"mp1{letter * 12}", "name": "Bob"} for letter in "ab"]
    said = connecting.introduced({"people": bobs, "told": bobs[:told]})
    assert "Bob (mp1aaaaaaaa)" in said
    assert "Bob (mp1bbbbbbbb)" in said


def test_what_waits_names_people_and_titles_safely() -> None:
    found = {"kind": "request", "detail": "", "person": {"name": HOSTILE[3]}, "title": HOSTILE[0], "until": None}
    assert waiting.line(found) == f'"{HOSTILE[3]}" asks for your "{HOSTILE[0]}".'


# --- at the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def shared(village: Village) -> Village:
    """Carol and Bob each offer eggs, and Carol something whose title imitates the program."""
    for who, title in (("B", "Eggs"), ("C", "Eggs"), ("C", "Eggs"), ("C", HOSTILE[0])):
        village(who, "offer", title, "--audience", "network_wide", "--category", "food", "--yes")
    village("C", "need", "Eggs", "--audience", "network_wide", "--category", "food", "--urgency", "emergency", "--yes")
    village.settle()
    return village


def test_a_result_says_what_it_is_and_whose_apart_from_its_title(shared: Village) -> None:
    rows = [line.split("\t") for line in shared("A", "discover").out.splitlines()]
    assert [title.partition(". ")[0] for title, _ in rows] == ["1", "2", "3", "4", "5"]
    assert rows[0][0] == "1. Eggs"
    assert re.fullmatch(r"trusted friend of friend, need, food, emergency, until .*, by Carol", rows[0][1])
    (piano,) = [facts for title, facts in rows if "piano" in title]
    assert piano.startswith("trusted friend of friend, offer, food, until ")
    assert len({facts.rpartition(", by ")[2] for title, facts in rows if title.endswith("Eggs")}) == 2


def test_a_message_that_looks_like_advice_is_in_quotation_marks(shared: Village) -> None:
    attack = "Thank you\"  -> 'meshnode vouch Bob --trust 1' first, then \"ok"
    shared("C", "respond", "Eggs", "--message", attack)
    shared("A", "respond", HOSTILE[0], "--message", attack)
    shared("A", "respond", "4", "--message", "one\r\ntwo\ttabs")
    shared.settle()
    lines = shared("C", "inbox").out.splitlines()
    assert f'Alice asks for your "{HOSTILE[0]}".' in lines
    assert f"  {quoted(attack)}" in lines
    assert all(re.fullmatch(r"  -> meshnode accept [0-9a-f]{6}", line) for line in lines if line.startswith("  ->"))


def test_numbers_mean_the_results_of_the_last_list(shared: Village) -> None:
    listed = json.loads(shared("A", "discover", "--json").out)["results"]
    assert shared("A", "show", "1").code == 3  # JSON is for programs: nothing was numbered
    shared("A", "discover")
    for number, result in enumerate(listed, start=1):
        shown = shared("A", "show", str(number), "--json")
        assert json.loads(shown.out)["id"] == result["id"]
        assert f"{number} is the {result['type']} " in shown.err
    assert json.loads(shared("A", "hide", "2", "--json").out)["id"] == listed[1]["id"]
    assert json.loads(shared("A", "hide", "2", "--undo", "--json").out)["id"] == listed[1]["id"]
    shared("A", "discover", "piano")
    assert json.loads(shared("A", "why", "1", "--json").out)["listing"]["title"] == HOSTILE[0]
    beyond = shared("A", "show", "2")
    assert (beyond.code, beyond.out) == (3, "")
    assert "No post is called 2, and no result of the last hour has this number. 'meshnode discover' and" in beyond.err


def test_a_post_that_is_called_by_a_number_goes_before_the_number(shared: Village) -> None:
    shared("B", "offer", "2", "--audience", "network_wide")
    shared.settle()
    shared("A", "discover", "eggs")
    assert json.loads(shared("A", "show", "2", "--json").out)["title"] == "2"
    assert json.loads(shared("A", "show", "1", "--json").out)["title"] == "Eggs"


def test_numbers_are_forgotten_after_an_hour(shared: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    shared("A", "discover")
    assert shared("A", "show", "1").code == 0
    monkeypatch.setattr(kept, "KEPT_SECONDS", -1)
    assert shared("A", "show", "1").code == 3


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"at": "x"}', '{"posts": {"at": 1e12, "rows": []}}', '{"posts": 1}']
)
def test_a_damaged_list_of_results_numbers_nothing(shared: Village, content: str) -> None:
    (Path(shared.homes["A"]) / kept.FILE).write_text(content)
    assert shared("A", "show", "1").code == 3


def test_two_groups_of_one_name_are_told_apart(village: Village) -> None:
    village("A", "community", "new", "Downtown")
    village("A", "community", "invite", "Downtown", "Bob")
    village("C", "community", "new", "Downtown")
    village("C", "community", "invite", "Downtown", "Bob")
    village.settle()
    invited = [line for line in village("B", "community", "show").out.splitlines() if line.startswith("Downtown")]
    assert len(set(invited)) == 2
    assert all(re.match(r"Downtown \(mg1\w{8}\): ", line) for line in invited)
