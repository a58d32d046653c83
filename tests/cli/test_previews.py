"""`audience`, `--preview` and `--what-if` as people type them; none of them changes anything."""

from __future__ import annotations

import json
from typing import Any

import pytest

from meshnode.api.app import openapi_document
from tests.api.fits import faults
from tests.cli.village import Village


def state(village: Village) -> tuple[str, ...]:
    """Return everything that Alice has posted, vouched for, blocked and set."""
    words = (("mine",), ("people",), ("blocks",), ("share", "show"))
    return tuple(village("A", *each, "--json").out for each in words)


def fits(name: str, reply: Any) -> bool:
    return not list(faults(openapi_document(), {"$ref": f"#/components/schemas/{name}"}, reply))


def test_audience_tells_who_can_see_a_listing_now(village: Village) -> None:
    village("A", "offer", "Drill")
    reply = json.loads(village("A", "audience", "Drill", "--json").out)
    assert [(viewer["name"], viewer["relation"]) for viewer in reply["people"]] == [
        ("Bob", "someone_you_trust"),
        ("Carol", "trusted_friend_of_friend"),
    ]
    assert set(reply["people"][0]) == {"id", "name", "relation"}
    assert reply["count"] == 2
    lines = village("A", "audience", "Drill").out.splitlines()
    assert [line.split("\t")[::2] for line in lines] == [
        ["Bob", "someone you trust"],
        ["Carol", "trusted friend of friend"],
    ]
    village("A", "share", "set", "--audience", "my_cell")
    assert json.loads(village("A", "audience", "Drill", "--json").out)["count"] == 0
    assert village("A", "audience", "Drill").out == ""


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("offer", "Chairs", "--preview"), 2),
        (("need", "Help", "--audience", "my_cell", "--preview"), 0),
        (("offer", "Chairs", "--audience", "network_wide", "--category", "other", "--preview"), 2),
        (("edit", "Drill", "--audience", "my_community", "--preview"), 0),
        (("edit", "Drill", "--title", "Hammer", "--preview"), 2),
    ],
)
def test_a_preview_answers_as_audience_does_and_posts_nothing(
    village: Village, words: tuple[str, ...], count: int
) -> None:
    village("A", "offer", "Drill")
    before = state(village)
    ran = village("A", *words, "--json")
    assert (ran.code, ran.err) == (0, "")
    reply = json.loads(ran.out)
    assert fits("AudienceView", reply)
    assert reply["count"] == count
    assert village("A", *words).out.count("\n") == count
    assert state(village) == before


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (
            ("unvouch", "Bob"),
            [
                "Bob would stop seeing Drill and everything you share by default.",
                "Carol would stop seeing Drill and everything you share by default.",
                "From Bob, you would stop seeing everything shared by default.",
                "From Carol, you would stop seeing Vegetables and everything shared by default.",
            ],
        ),
        (
            ("block", "Carol"),
            [
                "Carol would stop seeing Drill and everything you share by default.",
                "From Carol, you would stop seeing Vegetables and everything shared by default.",
            ],
        ),
        (("vouch", "Carol", "--trust", "0.9"), ["Nothing would change for anyone you know of."]),
        (
            ("share", "set", "--audience", "my_community"),
            [
                "Bob would stop seeing Drill and everything you share by default.",
                "Carol would stop seeing Drill and everything you share by default.",
            ],
        ),
    ],
)
def test_what_if_tells_both_ways_and_does_nothing(village: Village, words: tuple[str, ...], lines: list[str]) -> None:
    village("A", "offer", "Drill")
    village("C", "offer", "Vegetables", "--audience", "network_wide")
    village.settle()
    before = state(village)
    ran = village("A", *words, "--what-if")
    assert (ran.code, ran.err, ran.out.splitlines()) == (0, "", lines)
    assert fits("WhatIfView", json.loads(village("A", *words, "--what-if", "--json").out))
    assert state(village) == before


def test_the_end_of_a_block_can_be_looked_at_first(village: Village) -> None:
    """Carol, whom only Bob made known, was deleted with the block, and comes back when Bob is met again."""
    village("A", "block", "Bob")
    reply = json.loads(village("A", "unblock", "Bob", "--what-if", "--json").out)
    assert [(each["person"]["name"], each["relation"]) for each in reply["viewers_gained"]] == [
        ("Bob", "someone_you_trust")
    ]
    assert len(village("A", "blocks").out.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("audience", "Nothing"), 3),
        (("audience", "Vegetables"), 3),
        (("audience", " "), 2),
        (("edit", "Nothing", "--title", "x", "--preview"), 3),
        (("edit", "Drill", "--preview"), 2),
        (("offer", "", "--preview"), 2),
        (("offer", "Chairs", "--audience", "anyone_local", "--preview"), 2),
        (("vouch", "Alice", "--trust", "0.5", "--what-if"), 5),
        (("vouch", "Zed", "--trust", "0.5", "--what-if"), 3),
        (("unvouch", "Carol", "--what-if"), 3),
        (("block", "Alice", "--what-if"), 5),
        (("unblock", "Bob", "--what-if"), 3),
        (("share", "set", "--what-if"), 2),
        (("share", "set", "--radius", "0", "--what-if"), 2),
    ],
)
def test_what_could_not_be_done_is_one_line_and_a_code(village: Village, words: tuple[str, ...], code: int) -> None:
    village("A", "offer", "Drill")
    village("C", "offer", "Vegetables", "--audience", "network_wide")
    village.settle()
    before = state(village)
    ran = village("A", *words)
    assert (ran.code, ran.out, ran.err.count("\n")) == (code, "", 1)
    assert state(village) == before
