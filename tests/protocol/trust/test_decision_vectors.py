"""The golden answers of all decisions: the code and the model agree with them, and they cover every verdict."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from protocol import Policy, is_cell
from protocol.trust import Verdict, merge
from tests.support.golden import golden
from tests.support.model import World, brute_best_path, brute_cost, brute_limit, brute_mesh, brute_path_cost

TRUST, POLICIES, VISIBILITY = (golden(f"{name}.json") for name in ("trust", "policies", "visibility"))


def test_the_cost_table_is_exact() -> None:
    (costs,) = TRUST["cost"].values()
    assert costs == [brute_cost(weight) for weight in range(1, 1001)]
    assert TRUST["limit"] == {text: brute_limit(int(text)) for text in TRUST["limit"]}


@pytest.mark.parametrize("web", TRUST["webs"], ids=lambda web: web["case"])
def test_the_model_answers_as_the_webs_say(web: dict[str, Any]) -> None:
    people = range(len(web["people"]))
    world = World({(a, b): weight for a, b, weight in web["vouches"]}, {(a, b) for a, b in web["blocks"]})
    told = {(found["path"][0], found["path"][-1]): (tuple(found["path"]), found["cost"]) for found in web["trust"]}
    for pair in product(web["among"], repeat=2):
        best = brute_best_path(world, *pair)
        assert told.get(pair) == (best and (best, brute_path_cost(world, best)))
    assert all({*pair} <= {*web["among"]} for pair in told)
    meshes = {tuple(sorted(brute_mesh(world, person))) for person in people}
    assert web["meshes"] == [list(mesh) for mesh in sorted(meshes)]


def test_the_registers_of_the_policies_are_bodies() -> None:
    for case in POLICIES["merges"]:
        merged = merge(Policy.parse(bytes.fromhex(body)) for body in case["registers"])
        assert {subject.hex(): weight for subject, weight in merged.vouches.items()} == dict(case["vouches"])


def test_the_verdicts_cover_every_verdict() -> None:
    given = {
        verdict
        for by_standing in VISIBILITY["verdicts"].values()
        for by_wish in by_standing.values()
        for verdict in by_wish.values()
    }
    assert given == {verdict.value for verdict in Verdict}


@pytest.mark.parametrize("text", VISIBILITY["no_cells"].values(), ids=VISIBILITY["no_cells"])
def test_text_that_is_no_cell_is_no_place(text: str) -> None:
    assert not is_cell(text)
