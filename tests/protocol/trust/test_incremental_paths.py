"""Searches that are kept and updated: whatever changes, in whatever steps, the answer is that of a new search."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TypeVar
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from protocol import UNSET_PREFERENCE, limits
from protocol.steps import Steps
from protocol.trust import EffectivePolicy, TrustGraph, cost, incremental_paths, paths
from tests.support.model import World
from tests.support.webs import WEIGHTS, chain, graph_of, policy_of, someone

Result = TypeVar("Result")

PEOPLE = [someone(number) for number in range(8)]
PAIRS = [(a, b) for a in PEOPLE for b in PEOPLE if a != b]


def ask_all(graph: TrustGraph, floor: int = 100) -> list[object]:
    """Return all that searches say."""
    return [
        (
            sorted(graph.reach_to(person, floor).items()),
            sorted(graph.regard_and_hops_from(person, floor).items()),
            graph.mesh(person),
        )
        for person in PEOPLE
    ]


def vouched(world: World, pair: tuple[bytes, bytes], weight: int) -> World:
    vouches = {**world.vouches, pair: weight}
    return replace(world, vouches={pair: weight for pair, weight in vouches.items() if weight})


@settings(max_examples=120)
@given(
    st.lists(st.tuples(st.sampled_from(PAIRS), WEIGHTS), max_size=40),
    st.lists(st.lists(st.tuples(st.sampled_from(PAIRS), WEIGHTS), min_size=1, max_size=4), max_size=8),
    st.sets(st.sampled_from(PAIRS), max_size=3),
    st.sampled_from([1, 100, 500]),
)
def test_after_any_changes_a_graph_says_what_a_new_graph_would(
    first: list[tuple[tuple[bytes, bytes], int]],
    changes: list[list[tuple[tuple[bytes, bytes], int]]],
    blocks: set[tuple[bytes, bytes]],
    floor: int,
) -> None:
    world = World({}, blocks)
    for pair, weight in first:
        world = vouched(world, pair, weight)
    graph = graph_of(world, PEOPLE)
    with patch("protocol.trust.incremental_paths._CHANGES_PART", 0):  # update the searches, however much changes
        for step in changes:
            ask_all(graph, floor)
            for pair, weight in step:
                world = vouched(world, pair, weight)
                graph.set(pair[0], policy_of(world, pair[0]))
            assert ask_all(graph, floor) == ask_all(graph_of(world, PEOPLE), floor)


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.sampled_from(PAIRS), WEIGHTS), max_size=30),
    st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.sampled_from(PAIRS), WEIGHTS), max_size=12),
    st.sets(st.sampled_from(PAIRS), max_size=3),
)
def test_copies_of_a_graph_and_of_copies_go_their_own_ways(
    first: list[tuple[tuple[bytes, bytes], int]],
    changes: list[tuple[int, bool, tuple[bytes, bytes], int]],
    blocks: set[tuple[bytes, bytes]],
) -> None:
    """And each goes on with the searches that it was copied with."""
    world = World({}, blocks)
    for pair, weight in first:
        world = vouched(world, pair, weight)
    kept = [(world, graph_of(world, PEOPLE))]
    with patch("protocol.trust.incremental_paths._CHANGES_PART", 0):
        for which, copied, pair, weight in changes:
            world, graph = kept[which % len(kept)]
            graph.reach_to(pair[0])
            graph.regard_from(pair[1])
            after = vouched(world, pair, weight)
            if copied and which % 2:
                kept.append((after, graph.with_policy(pair[0], policy_of(after, pair[0]))))
            elif copied:
                kept.append((world, graph.copy()))
            else:
                graph.set(pair[0], policy_of(after, pair[0]))
                kept[which % len(kept)] = after, graph
        for world, graph in kept:
            assert ask_all(graph) == ask_all(graph_of(world, PEOPLE))


def test_a_copy_answers_for_the_one_who_changed_without_a_whole_search(monkeypatch: pytest.MonkeyPatch) -> None:
    row = [someone(100 + number) for number in range(30)]
    world = chain(row, 990)
    graph = graph_of(world)
    before = graph.reach_to(row[0]), graph.regard_from(row[0])
    monkeypatch.setattr(paths, "paths_to", None)
    monkeypatch.setattr(paths, "paths_from", None)
    monkeypatch.setattr(
        "protocol.trust.incremental_paths._CHANGES_PART", 0
    )  # nearly all of so small a web is behind it
    copy = graph.with_policy(row[0], structs.replace(policy_of(world, row[0]), vouches={row[1]: 980}))
    assert copy.regard_from(row[0])[row[2]] == cost(980) + cost(990)
    assert (graph.reach_to(row[0]), graph.regard_from(row[0])) == before


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(PEOPLE), st.sets(st.sampled_from(PAIRS), max_size=12)), max_size=6))
def test_people_who_come_go_and_block_in_between_change_nothing_about_that(
    changes: list[tuple[bytes, set[tuple[bytes, bytes]]]],
) -> None:
    world = World(dict.fromkeys(PAIRS[::2], 900) | dict.fromkeys(PAIRS[1::4], 700))
    graph = graph_of(world, PEOPLE)
    for person, pairs in changes:
        ask_all(graph)
        vouches = {pair: weight for pair, weight in world.vouches.items() if person not in pair}
        world = World(vouches | dict.fromkeys(sorted(pairs), 800), set(sorted(pairs)[:2]))
        for each in PEOPLE:
            policy = policy_of(world, each)
            graph.set(each, policy if policy.vouches or policy.block_tags else None)
        assert ask_all(graph) == ask_all(graph_of(world, PEOPLE))


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.sampled_from(PAIRS), WEIGHTS), max_size=40),
    st.lists(
        st.tuples(st.sets(st.sampled_from(PAIRS), max_size=3), st.sampled_from(PAIRS), WEIGHTS), min_size=1, max_size=8
    ),
    st.sampled_from([2, 3, limits.HOPS_MAX]),
)
def test_blocks_that_come_and_go_are_followed(
    first: list[tuple[tuple[bytes, bytes], int]],
    changes: list[tuple[set[tuple[bytes, bytes]], tuple[bytes, bytes], int]],
    hops: int,
) -> None:
    """Each change turns some blocks, and may change a vouch at the same time; paths may have `hops` vouches."""
    world = World({}, set())
    for pair, weight in first:
        world = vouched(world, pair, weight)
    graph = graph_of(world, PEOPLE)
    with patch("protocol.trust.incremental_paths._CHANGES_PART", 0), patch.object(limits, "HOPS_MAX", hops):
        for blocks, pair, weight in changes:
            ask_all(graph)
            world = replace(vouched(world, pair, weight), blocks=world.blocks ^ blocks)
            for person in {pair[0], *(blocker for blocker, _ in blocks)}:
                graph.set(person, policy_of(world, person))
            assert ask_all(graph) == ask_all(graph_of(world, PEOPLE))


def test_in_a_large_web_one_change_after_another_is_followed() -> None:
    rng = random.Random(5)
    people = [rng.randbytes(32) for _ in range(150)]
    vouches: dict[bytes, dict[bytes, int]] = {person: {} for person in people}
    for person in people:
        for other in rng.sample(people, 6):
            if other != person:
                vouches[person][other] = rng.choice([1000, 900, 700, 400])
                vouches[other][person] = rng.choice([1000, 900, 700, 400])

    def policy(person: bytes) -> EffectivePolicy:
        return EffectivePolicy(dict(vouches[person]), frozenset(), UNSET_PREFERENCE)

    graph = TrustGraph()
    for person in people:
        graph.set(person, policy(person))
    viewer = people[0]
    for _ in range(150):
        one, other = rng.sample(people, 2)
        weight = rng.choice([0, 0, 1000, 800, 300])
        vouches[one].pop(other, None)
        if weight:
            vouches[one][other] = weight
        graph.set(one, policy(one))
        fresh = TrustGraph()
        for person in reversed(people):
            fresh.set(person, policy(person))
        assert graph.reach_to(viewer) == fresh.reach_to(viewer)
        assert graph.regard_and_hops_from(viewer) == fresh.regard_and_hops_from(viewer)


def test_one_changed_vouch_updates_the_paths_without_a_whole_search(monkeypatch: pytest.MonkeyPatch) -> None:
    row = [someone(100 + number) for number in range(30)]
    world = chain(row, 990)
    graph = graph_of(world)
    assert len(graph.reach_to(row[0])) == len(graph.regard_from(row[0])) == 29

    def never(*_: object) -> None:
        raise AssertionError("a whole search")

    monkeypatch.setattr(paths, "paths_to", never)
    monkeypatch.setattr(paths, "paths_from", never)
    monkeypatch.setattr("protocol.trust.incremental_paths._CHANGES_PART", 0)  # a third of so small a web is behind it
    world.vouches[row[20], row[21]] = 980
    graph.set(row[20], policy_of(world, row[20]))
    assert graph.regard_from(row[0])[row[29]] == 28 * cost(990) + cost(980)
    assert graph.reach_to(row[0])[row[29]] == 29 * cost(990)
    del world.vouches[row[20], row[21]]
    graph.set(row[20], policy_of(world, row[20]))
    assert len(graph.regard_from(row[0])) == 20
    assert len(graph.reach_to(row[0])) == 20
    world.blocks.add((row[0], row[10]))
    graph.set(row[0], policy_of(world, row[0]))
    assert len(graph.regard_from(row[0])) == len(graph.reach_to(row[0])) == 9
    world.blocks.clear()
    graph.set(row[0], policy_of(world, row[0]))
    assert len(graph.regard_from(row[0])) == len(graph.reach_to(row[0])) == 20


def test_where_most_of_the_web_lost_its_path_a_whole_search_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks at each vouch once, and an update at each vouch of everybody who lost their path."""
    row = [someone(100 + number) for number in range(30)]
    world = chain(row, 990)
    graph = graph_of(world)
    graph.reach_to(row[0])
    searched: list[int] = []
    whole = paths.paths_to

    def counted(web: paths.Web, end: int, banned: frozenset[int]) -> Steps[paths.ShortestPaths]:
        searched.append(web.root)
        return whole(web, end, banned)

    monkeypatch.setattr(paths, "paths_to", counted)
    for changed, count in ((28, 0), (1, 1)):
        world.vouches[row[changed], row[changed - 1]] = 980
        graph.set(row[changed], policy_of(world, row[changed]))
        searched.clear()
        assert len(graph.reach_to(row[0])) == 29
        assert len(searched) == count


def test_a_bounded_number_of_searches_is_kept() -> None:
    people = [someone(number) for number in range(limits.SEARCHES_REMEMBERED + 20)]
    graph = graph_of(chain(people, 1000))
    for person in people:
        graph.reach_to(person)
    assert len(graph._searches._searches) == limits.SEARCHES_REMEMBERED


@pytest.mark.parametrize("change", ["first search", "a vouch less", "most lose their path", "a block"])
def test_a_search_and_an_update_are_taken_in_steps_and_find_the_same(
    change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No step looks at more than a few of two hundred people, whatever is searched."""
    for module in (paths, incremental_paths):
        monkeypatch.setattr(module, "STEP_PEOPLE", 5)
    row = [someone(100 + number) for number in range(20)]
    world = chain(row, 990)
    for number, one in enumerate(row):
        for leaf in (someone(200 + number * 10 + more) for more in range(9)):
            world.vouches |= {(one, leaf): 990, (leaf, one): 990}
    graph = graph_of(world)
    if change != "first search":
        graph.reach_to(row[0]), graph.regard_from(row[0])
    if change == "a vouch less":
        world.vouches[row[12], row[13]] = world.vouches[row[13], row[12]] = 950
    elif change == "most lose their path":
        world.vouches[row[1], row[2]] = world.vouches[row[2], row[1]] = 950
    elif change == "a block":
        world.blocks.add((row[0], row[15]))
    for one in row[:16]:
        graph.set(one, policy_of(world, one))
    fresh = graph_of(world)
    assert len_and_result(graph.finding_reach(row[9], row[0]))[1] == fresh.reach(row[9], row[0])
    taken, found = len_and_result(graph.finding_regard(row[0], row[9]))
    assert found == fresh.regard(row[0], row[9])
    assert taken > (1 if change == "a block" else 5)
    taken, path = len_and_result(graph.finding_trust(row[0], row[9]))
    assert path == fresh.trust(row[0], row[9])
    assert taken > 5


def len_and_result(steps: Steps[Result]) -> tuple[int, Result]:
    """Return how many steps were taken, and their result."""
    taken = 1
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return taken, end.value
        taken += 1
