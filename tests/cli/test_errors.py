"""Every wrong command gets one line that says what to do next and its exit code, and changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.village import Village, meshnode

BAD: list[tuple[list[str], int]] = [
    (["nonsense"], 2),
    (["status", "--nonsense"], 2),
    (["status", "surplus"], 2),
    (["person"], 2),
    (["person", ""], 2),
    (["person", "  "], 2),
    (["person", "Zed"], 3),
    (["person", "\udcff"], 2),
    (["add"], 2),
    (["add", ""], 2),
    (["add", "hello"], 2),
    (["add", "mesh1qqqqqqqqqqqqqqqq"], 2),
    (["add", "mesh1" + "q" * 9000], 2),
    (["card", "--uses", "0"], 2),
    (["card", "--uses", "many"], 2),
    (["card", "--trust", "2"], 2),
    (["card", "--expires", "tomorrow"], 2),
    (["card", "--expires", "9999w"], 2),
    (["vouch", "Bob"], 2),
    (["vouch", "Bob", "--trust", "0"], 2),
    (["vouch", "Bob", "--trust", "-1"], 2),
    (["vouch", "Bob", "--trust", "1.001"], 2),
    (["vouch", "Bob", "--trust", "nan"], 2),
    (["vouch", "Bob", "--trust", "0.00001"], 2),
    (["vouch", "Bob", "--trust", "much"], 2),
    (["vouch", "Zed", "--trust", "0.5"], 3),
    (["vouch", "Alice", "--trust", "0.5"], 5),
    (["unvouch", "Carol"], 3),
    (["block", "Alice"], 5),
    (["block", "Zed"], 3),
    (["unblock", "Bob"], 3),
    (["why", "Zed"], 3),
    (["doctor", "Zed"], 3),
    (["offer"], 2),
    (["offer", ""], 2),
    (["offer", "x" * 201], 2),
    (["offer", "a\x1b]52;c;aGk=\x07"], 2),
    (["offer", "a\u202eb"], 2),
    (["offer", "a", "--audience", "everybody"], 2),
    (["offer", "a", "--category", "money"], 2),
    (["offer", "a", "--quantity", "-1"], 2),
    (["offer", "a", "--quantity", "1.2345"], 2),
    (["offer", "a", "--quantity", "1,000"], 2),
    (["offer", "a", "--quantity", "half"], 2),
    (["offer", "a", "--tag", "x" * 41], 2),
    (["offer", "a", "--until", "someday"], 2),
    (["offer", "a", "--until", "1999-01-01"], 2),
    (["offer", "a", "--expires", "5"], 2),
    (["offer", "a", "--expires", "500d"], 2),
    (["offer", "a", "--place", "91,0"], 2),
    (["offer", "a", "--place", "here"], 2),
    (["offer", "a", "--place", "nan,nan"], 2),
    (["offer", "a", "--return-by", "2030-01-01"], 2),
    (["offer", "a", "--language", "Klingon!"], 2),
    (["show", "Nothing"], 3),
    (["edit", "Chair"], 2),
    (["edit", "Chair", "--title", ""], 2),
    (["edit", "Chair", "--clear", "title"], 2),
    (["edit", "Nothing", "--title", "b"], 3),
    (["renew", "Nothing"], 3),
    (["renew", "Table"], 3),
    (["renew", "Chair", "--expires", "500d"], 2),
    (["renew", "Chair", "--until", "1999-01-01"], 2),
    (["renew", "Chair", "--until", "someday"], 2),
    (["close", "Nothing"], 3),
    (["close", "Table"], 3),
    (["close", ""], 2),
    (["withdraw", "Nothing"], 3),
    (["withdraw", "Table"], 3),
    (["discover", "\udcff"], 2),
    (["show", "\udcff"], 2),
    (["add", "\udcff"], 2),
    (["offer", "a", "--audience", "anyone_local"], 2),
    (["discover", "--trust", "0"], 2),
    (["discover", "--trust", "lots"], 2),
    (["discover", "--within", "-5km"], 2),
    (["discover", "--within", "far"], 2),
    (["discover", "--limit", "0"], 2),
    (["discover", "--type", "gift"], 2),
    (["discover", "--category", "money"], 2),
    (["discover", "--sort", "luck"], 2),
    (["discover", "--page", "0"], 2),
    (["discover", "x" * 201], 2),
    (["completion", "tcsh"], 2),
]


@pytest.mark.parametrize(("words", "code"), BAD)
def test_a_slip_is_answered_in_one_line_and_changes_nothing(village: Village, words: list[str], code: int) -> None:
    village("A", "offer", "Chair")
    village("B", "offer", "Table", "--audience", "network_wide")
    village.settle()
    before = sorted(row.id for row in village.replicas["A"].store.records.rows())
    ran = village("A", *words)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("meshnode: ")
    assert ran.err.endswith("\n")
    assert ran.err.count("\n") == 1
    assert ran.err.rstrip("\n").isprintable()
    assert sorted(row.id for row in village.replicas["A"].store.records.rows()) == before


def test_several_that_fit_are_listed(village: Village) -> None:
    village("A", "offer", "Red chair")
    village("A", "offer", "Red table")
    ran = village("A", "show", "red")
    assert ran.code == 2
    assert '"Red chair" (' in ran.err
    assert '"Red table" (' in ran.err
    reply = json.loads(village("A", "show", "red", "--json").err)["error"]
    assert (reply["code"], len(reply["candidates"])) == ("ambiguous", 2)


def test_a_block_cannot_be_told_from_somebody_unknown(village: Village) -> None:
    village("C", "block", "Alice")
    village.settle()
    blocked, unknown = village("A", "person", "Carol"), village("A", "person", "Zelda")
    assert blocked.code == unknown.code == 3
    assert blocked.err.replace("Carol", "X") == unknown.err.replace("Zelda", "X")


def test_each_bad_card_has_its_own_message(village: Village) -> None:
    card = village("B", "card").out.strip()
    spoilt = card[:60] + ("q" if card[60] != "q" else "p") + card[61:]
    own = village("A", "card").out.strip()
    lines = [village("A", "add", text).err for text in (spoilt, own, "hello")]
    assert "has a typo" in lines[0]
    assert "your own card" in lines[1]
    assert "not a card" in lines[2]


def test_without_a_command_there_is_help() -> None:
    ran = meshnode()
    assert ran.code == 2
    assert "Usage: meshnode" in ran.err


def test_help_names_every_command_and_succeeds() -> None:
    ran = meshnode("--help")
    assert ran.code == 0
    assert all(name in ran.out for name in ("discover", "add", "completion", "--home"))


def test_an_empty_home_is_nobodys() -> None:
    ran = meshnode("--home", "", "status")
    assert (ran.code, ran.err) == (2, "meshnode: --home is empty. Name a directory.\n")


def test_what_the_system_refuses_is_said_in_a_line(tmp_path: Path) -> None:
    place = tmp_path / "A"
    place.write_text("a file")
    for words in (["init", "--name", "Alice"], ["status"], ["run"]):
        ran = meshnode("--home", str(place / "below"), *words)
        assert ran.code in (2, 4, 5), words
        assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["status", "--json", "--bogus"],
        ["--json", "status", "--bogus"],
        ["status", "--bogus", "--json"],
        ["offer", "--json"],
        ["offer", "Bread", "--until", "someday", "--json"],
        ["nonsense", "--json"],
        ["cell", "--json"],
        ["--json"],
        ["person", "Zed", "--json"],
        ["person", "", "--json"],
        ["--home", "", "status", "--json"],
    ],
)
def test_with_json_every_error_is_json_of_one_form(village: Village, words: list[str]) -> None:
    ran = village("A", *words)
    assert ran.out == ""
    error = json.loads(ran.err)["error"]
    assert set(error) == {"code", "message", "hint", "candidates", "field"}
    assert ran.code == {"usage": 2, "not_found": 3}[error["code"]]
    assert error["message"]


def test_without_json_no_error_is_json_even_if_a_title_says_so(village: Village) -> None:
    assert village("A", "offer", "--bogus", "--", "--json").err.startswith("meshnode: ")
