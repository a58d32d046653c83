"""The table of the one rule: `visible` gives every answer in it, and so do the rows that were filled in by hand."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from protocol import UNSET_PREFERENCE, Audience, Group, GroupKind, PersonId, distance_km
from protocol.trust import Memberships, Verdict, Wish, listing_facts, standing_between, visible
from tests.support import conformance, model
from tests.support.conformance import BY_HAND, HIDDEN, SERVED, SHOWN, Row, rows
from tests.support.golden import golden
from tests.support.model import World
from tests.support.webs import graph_of, renamed, someone

TABLE: dict[str, Any] = golden("visibility_conformance.json")
KEYS: dict[str, PersonId] = {name: someone(number) for number, name in enumerate(TABLE["people"], start=1)}
PLACES = {place["case"]: place for place in TABLE["places"]}


def told(row: Row) -> str:
    """The answer of the table."""
    by_expiry: dict[str, list[str]] = TABLE["outcomes"][row.connection][row.block][row.audience]
    return by_expiry[row.expiry][list(PLACES).index(row.place)]


def memberships(ties: dict[str, Any]) -> Memberships:
    """The groups of one connection."""
    founder = someone(0)
    groups = [
        (Group(kind, word, bytes([number]) * 16, founder), members)
        for kind, word in ((GroupKind.CELL, "cells"), (GroupKind.COMMUNITY, "communities"))
        for number, members in enumerate(ties[word])
    ]
    found = Memberships()
    for name, key in KEYS.items():
        found.set(key, [group for group, members in groups if name in members])
    return found


@pytest.mark.promise("Discovery shows resources based on trust + visibility")
@pytest.mark.parametrize("connection", TABLE["connections"])
@pytest.mark.parametrize("block", TABLE["blocks"])
def test_the_rule_answers_as_the_table_does(connection: str, block: str) -> None:
    """It does not matter whether the listing names its audience or follows its author's preference."""
    ties = TABLE["connections"][connection]
    world = World({(a, b): weight for a, b, weight in ties["vouches"]}, {(a, b) for a, b in TABLE["blocks"][block]})
    graph = graph_of(renamed(world, KEYS))
    author, viewer = KEYS["author"], KEYS["viewer"]
    reach, regard = graph.reach_to(viewer).get(author), graph.regard_from(viewer).get(author)
    standing = standing_between(author, viewer, graph, memberships(ties), reach=reach, regard=regard)
    for row in rows():
        if (row.connection, row.block) != (connection, block):
            continue
        named, place = Audience.from_word(row.audience), PLACES[row.place]
        for own, preferred in ((named, Audience.MY_CELL), (Audience.FOLLOWS, named)):
            facts = listing_facts(
                own,
                place["listing"],
                preference=UNSET_PREFERENCE._replace(audience=preferred, radius_km=TABLE["radius_km"]),
                author_place=place["author"],
                expires=TABLE["expiry"][row.expiry],
            )
            given, wanted = (
                visible(facts, standing, viewer_place=place["viewer"], now=TABLE["now"], wish=wish) is Verdict.VISIBLE
                for wish in (None, Wish())
            )
            assert (SHOWN if wanted else SERVED if given else HIDDEN) == told(row), row


@pytest.mark.parametrize(("row", "outcome", "why"), BY_HAND, ids=[f"{row} {why}" for row, _, why in BY_HAND])
def test_people_and_the_model_fill_in_the_same(row: Row, outcome: str, why: str) -> None:
    assert told(row) == outcome, why


def test_every_row_is_in_the_table_and_every_name_makes_a_difference() -> None:
    answers = {row: told(row) for row in rows()}
    assert len(answers) >= 5000
    assert all(count >= 100 for count in Counter(answers.values()).values())
    for axis in Row._fields:
        alike: dict[str, list[str]] = {}
        for row, answer in answers.items():
            alike.setdefault(getattr(row, axis), []).append(answer)
        assert len({tuple(answer) for answer in alike.values()}) > 1, axis


def test_distances_are_computed_alike() -> None:
    for known in TABLE["distances"]:
        assert distance_km(known["a"], known["b"]) == pytest.approx(known["km"], abs=0.0011)
        assert not TABLE["radius_km"] < known["km"] < TABLE["radius_km"] + 0.5
        assert known["km"] > 0


@pytest.mark.parametrize("module", [conformance, model], ids=lambda module: module.__name__)
def test_the_table_shares_no_code_with_what_it_judges(module: Any) -> None:
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    named = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    named |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert not {name for name in named if name.split(".")[0] in {"protocol", "meshnode"}}
