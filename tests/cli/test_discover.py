"""`discover`, `news`, `watch` and `hide` as people type them."""

from __future__ import annotations

import json

import pytest

from tests.cli.village import Village
from tests.support.waiting import eventually


@pytest.fixture
def shared(village: Village) -> Village:
    """Bob offers a drill and a ladder, Carol a drill."""
    village("B", "offer", "Drill", "--category", "tools", "--audience", "network_wide")
    village("B", "offer", "Ladder", "--audience", "network_wide")
    village("C", "offer", "Drill with bits", "--category", "tools", "--audience", "network_wide")
    village.settle()
    return village


def shown(out: str) -> list[tuple[str, str]]:
    """Return the numbered title and the relation of each result in a pipe."""
    return [(title, facts.partition(",")[0]) for title, facts in (line.split("\t") for line in out.splitlines())]


def test_a_search_is_sorted_and_turned_page_by_page(shared: Village) -> None:
    first = json.loads(shared("A", "discover", "drill", "--sort", "trust", "--limit", "1", "--json").out)
    assert ([result["title"] for result in first["results"]], first["total"], first["next"]) == (["Drill"], 2, 2)
    second = json.loads(shared("A", "discover", "drill", "--limit", "1", "--page", "2", "--json").out)
    assert ([result["title"] for result in second["results"]], second["next"]) == (["Drill with bits"], None)


def test_the_forms_that_must_work(shared: Village) -> None:
    found = json.loads(
        shared("A", "discover", "drill", "--type", "offer", "--within", "any", "--trust", "any", "--json").out
    )
    assert {"distance_km", "relation", "expires"} <= found["results"][0].keys()
    assert shared("A", "discover", "drill", "--type", "offer", "--within", "50km", "--trust", "any").out == ""
    assert shown(shared("A", "discover", "drill").out) == [
        ("1. Drill", "someone you trust"),
        ("2. Drill with bits", "trusted friend of friend"),
    ]


def test_news_are_told_once(shared: Village) -> None:
    peeked = shared("A", "news", "--peek")
    assert sorted((title.partition(". ")[2], relation) for title, relation in shown(peeked.out)) == [
        ("Drill", "someone you trust"),
        ("Drill with bits", "trusted friend of friend"),
        ("Ladder", "someone you trust"),
    ]
    assert len(json.loads(shared("A", "news", "--limit", "2", "--json").out)["results"]) == 2
    assert len(shared("A", "news").out.splitlines()) == 1
    assert shared("A", "news").out == ""
    shared("B", "offer", "Chair", "--audience", "network_wide")
    shared.settle()
    assert shared("A", "news", "--clear").out == ""
    assert shared("A", "news").out == ""


def test_a_watch_tells_what_came(shared: Village) -> None:
    added = shared("A", "watch", "add", "saw", "--type", "offer", "--trust", "any", "--within", "any")
    assert added.out == (
        "Search 1 saved: \"saw\", offers, any distance, trust 0.1 or more. New matches appear in 'meshnode news'.\n"
    )
    shared("C", "offer", "Saw", "--audience", "network_wide")
    shared.settle()
    listed = shared("A", "watch", "list").out.splitlines()
    assert listed[0] == '1: "saw", offers, any distance, trust 0.1 or more'
    assert listed[1].startswith("  Saw (")
    assert "1 new match for your saved searches. See it with 'meshnode news'." in shared("A", "status").out
    line = shared("A", "news").out.splitlines()[0]
    assert line.startswith("1. Saw\ttrusted friend of friend, offer, other, until ")
    assert line.endswith(", by Carol [search 1]")
    assert shared("A", "watch", "list").out.splitlines() == listed[:1]
    assert "new match" not in shared("A", "status").out
    assert shared("A", "watch", "rm", "1").out == 'Search 1 removed: "saw", offers, any distance, trust 0.1 or more.\n'
    assert json.loads(shared("A", "watch", "list", "--json").out) == {"watches": []}


def test_the_daemon_looks_out_by_itself(shared: Village) -> None:
    shared("A", "watch", "add", "saw")
    shared("B", "offer", "Saw", "--audience", "network_wide")
    shared.settle()
    eventually(lambda: json.loads(shared("A", "status", "--json").out)["alerts"] == 1, "an alert about the saw")


def test_what_is_hidden_is_not_shown_until_it_is_undone(shared: Village) -> None:
    hidden = shared("A", "hide", "Ladder")
    assert hidden.out == '"Ladder" is hidden from you. Show it again with --undo.\n'
    assert "Ladder" not in shared("A", "discover").out + shared("A", "news").out
    assert shared("A", "hide", "--list").out.startswith("Ladder\t")
    assert json.loads(shared("A", "hide", "lad", "--undo", "--json").out)["title"] == "Ladder"
    assert shared("A", "hide", "--list").out == ""
    assert "Ladder" in shared("A", "discover").out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["news", "--peek", "--clear"], 2),
        (["news", "--limit", "0"], 2),
        (["news", "surplus"], 2),
        (["watch"], 2),
        (["watch", "add"], 2),
        (["watch", "add", "--category", "money"], 2),
        (["watch", "add", "drill", "--within", "far"], 2),
        (["watch", "add", "x" * 201], 2),
        (["watch", "rm"], 2),
        (["watch", "rm", " "], 2),
        (["watch", "rm", "7"], 3),
        (["watch", "rm", "drill"], 3),
        (["watch", "pause", "1"], 2),
        (["hide"], 2),
        (["hide", ""], 2),
        (["hide", "Nothing"], 3),
        (["hide", "Mine"], 5),
        (["hide", "drill"], 0),
        (["hide", "dri"], 2),
        (["hide", "Ladder", "--undo"], 3),
        (["hide", "Ladder", "--list"], 2),
    ],
)
def test_a_slip_is_answered_in_one_line(shared: Village, words: list[str], code: int) -> None:
    shared("A", "offer", "Mine")
    ran = shared("A", *words)
    assert ran.code == code
    if (code and len(words) > 1) or words == ["hide"]:
        assert ran.out == ""
        assert ran.err.startswith("meshnode: ")
        assert ran.err.count("\n") == 1
