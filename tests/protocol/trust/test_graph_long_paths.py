"""Paths that are too long: trust is the best path of at most 32 vouches, from whichever end the search begins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import PersonId, limits
from protocol.trust import TrustGraph, cost
from tests.support.model import World, brute_best_path, brute_limit, brute_path_cost
from tests.support.webs import WEIGHTS, chain, graph_of, policy_of, someone, together, worlds

MOST = limits.HOPS_MAX
ALICE, BOB, CAROL = (someone(number) for number in range(1, 4))
ROW = [ALICE, *(someone(100 + number) for number in range(1, 80))]


@contextmanager
def at_most(hops: int, trial_part: int = 2) -> Iterator[None]:
    """Let paths have that many vouches, and single searches look at that part of the vouches before one for all."""
    with (
        patch("protocol.limits.HOPS_MAX", hops),
        patch("tests.support.model.HOPS", hops),
        patch("protocol.trust.detours._TRIAL_PART", trial_part),
    ):
        yield


def assert_as_in_the_model(graph: TrustGraph, world: World, people: list[PersonId], floor: int) -> None:
    """Compare all that the graph says with trying every path."""
    best = {(a, b): path for a in people for b in people if (path := brute_best_path(world, a, b)) is not None}
    costs = {pair: brute_path_cost(world, path) for pair, path in best.items()}
    near = {pair: cost for pair, cost in costs.items() if cost <= brute_limit(floor)}
    for a in people:
        found = {b: graph.trust(a, b) for b in people}
        assert {b: path and path.people for b, path in found.items()} == {b: best.get((a, b)) for b in people}
        assert graph.reach_to(a, floor) == {author: cost for (author, viewer), cost in near.items() if viewer == a}
        assert graph.regard_and_hops_from(a, floor) == {
            author: (cost, len(best[a, author]) - 1) for (viewer, author), cost in near.items() if viewer == a
        }


# --- Against the model -----------------------------------------------------------------------------------------------


@settings(max_examples=300)
@given(
    worlds(most=7, blocks=6),
    st.integers(1, 5),
    st.sampled_from([1, 100, 500]),
    st.sampled_from([0, 1, 8]),
    st.sampled_from([1, 10**9]),
)
def test_all_searches_find_the_best_path_that_is_not_too_long(
    world: World, hops: int, floor: int, few: int, trial_part: int
) -> None:
    with at_most(hops, trial_part), patch("protocol.trust.detours._FEW", few):
        assert_as_in_the_model(graph_of(world), world, sorted(world.people), floor)


PEOPLE = [someone(number) for number in range(7)]
PAIRS = [(a, b) for a in PEOPLE for b in PEOPLE if a != b]
CHANGES = st.lists(st.tuples(st.sampled_from(PAIRS), WEIGHTS), min_size=1, max_size=3)


@settings(max_examples=150)
@given(worlds(most=7, blocks=4), st.lists(CHANGES, max_size=5), st.integers(1, 5), st.sampled_from([1, 300]))
def test_after_any_changes_they_still_do(
    world: World, changes: list[list[tuple[tuple[PersonId, PersonId], int]]], hops: int, floor: int
) -> None:
    with (
        at_most(hops),
        patch("protocol.trust.incremental_paths._CHANGES_PART", 0),
    ):  # update the searches, however much changes
        graph = graph_of(world, PEOPLE)
        assert_as_in_the_model(graph, world, PEOPLE, floor)
        for step in changes:
            vouches = world.vouches | dict(step)
            world = replace(world, vouches={pair: weight for pair, weight in vouches.items() if weight})
            for (person, _), _ in step:
                graph.set(person, policy_of(world, person))
            assert_as_in_the_model(graph, world, PEOPLE, floor)


# --- One by one ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [1000, 990])
def test_thirty_two_vouches_in_a_row_count_and_thirty_three_do_not(weight: int) -> None:
    graph = graph_of(chain(ROW, weight))
    first, last, beyond = ROW[0], ROW[MOST], ROW[MOST + 1]
    for a, b in ((first, last), (last, first)):
        path = graph.trust(a, b)
        assert path is not None
        assert (path.hops, path.cost) == (MOST, MOST * cost(weight))
        assert graph.regard_and_hops_from(a)[b] == (path.cost, MOST)
        assert graph.reach_to(b)[a] == path.cost
    for a, b in ((first, beyond), (beyond, first)):
        assert graph.trust(a, b) is None
        assert b not in graph.regard_from(a)
        assert a not in graph.reach_to(b)


def test_the_last_of_thirty_two_vouches_need_not_be_mutual() -> None:
    world = chain(ROW[: MOST + 1], 1000)
    del world.vouches[ROW[MOST], ROW[MOST - 1]]
    graph = graph_of(world)
    assert graph.regard_and_hops_from(ROW[0])[ROW[MOST]] == (0, MOST)
    assert graph.reach_to(ROW[MOST])[ROW[0]] == 0
    assert graph.trust(ROW[MOST], ROW[0]) is None


@pytest.mark.parametrize("behind", [0, 1, 30], ids=["nobody", "one", "many"])
def test_sybils_in_a_row_who_offer_a_better_path_take_no_honest_path_away(behind: int) -> None:
    """Forty Sybils join Alice to Carol, and all who are behind Carol, at full trust; Bob joins them at 800 and 900."""
    crowd = [someone(300 + number) for number in range(behind)]
    world = chain([ALICE, *ROW[1:41], CAROL], 1000)
    world.vouches |= together((ALICE, BOB, 800, 800), (BOB, CAROL, 900, 900))
    world.vouches |= together(*((CAROL, one, 1000, 1000) for one in crowd))
    graph = graph_of(world)
    for a, b in ((ALICE, CAROL), (CAROL, ALICE), *((ALICE, one) for one in crowd), *((one, ALICE) for one in crowd)):
        path = graph.trust(a, b)
        assert path is not None
        assert path.cost == cost(800) + cost(900)
        assert graph.regard_and_hops_from(a)[b] == (path.cost, path.hops)
        assert graph.reach_to(b)[a] == path.cost
        assert graph.reach(a, b) == graph.regard(a, b) == path.cost


def test_sybils_who_use_up_their_budget_do_not_use_up_that_of_others() -> None:
    """Sybils in many rows at once offer ever better and longer paths, which costs the budget of their introducer."""
    row = ROW[1:60]
    world = chain([ALICE, *row, CAROL], 1000)
    for length, weight in ((2, 995), (3, 985), (5, 970), (9, 940)):
        world.vouches |= together(*((a, b, weight, weight) for a, b in zip(row, row[length:], strict=False)))
    world.vouches |= together((ALICE, BOB, 700, 700), (BOB, CAROL, 700, 700))
    everybody = graph_of(world).regard_from(ALICE)
    with patch("protocol.trust.detours.allowance", lambda _: 50), patch("protocol.trust.detours._TRIAL_PART", 10**9):
        metered = graph_of(world).regard_from(ALICE)
    assert everybody[CAROL] < metered[CAROL] == 2 * cost(700)


def test_a_path_that_gets_too_long_leaves_a_worse_one() -> None:
    """And a path that gets short enough wins again; each happens by a changed vouch."""
    row = ROW[: MOST + 1]
    behind = someone(200)
    world = chain([*row, behind], 1000)
    world.vouches |= together((row[0], row[-1], 900, 900))
    graph = graph_of(world)
    for weight, expected in ((1000, (cost(900), 2)), (0, (cost(900), 2)), (1000, (cost(900), 2))):
        world.vouches[row[3], row[4]] = weight
        graph.set(row[3], policy_of(world, row[3]))
        assert graph.regard_and_hops_from(row[0])[behind] == expected
        assert graph.reach_to(row[0])[behind] == cost(900)
    world.vouches |= together((row[0], row[2], 1000, 1000))
    for person in (row[0], row[2]):
        graph.set(person, policy_of(world, person))
    assert graph.regard_and_hops_from(row[0])[behind] == (0, MOST)
    assert graph.reach_to(behind)[row[0]] == 0
    assert graph.reach_to(row[0])[behind] == 0
