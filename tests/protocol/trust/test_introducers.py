"""Introducers compared with a model that tries every path."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import PersonId
from protocol.trust import TrustGraph
from tests.support.model import World, brute_path_cost, brute_paths
from tests.support.webs import WEIGHTS, chain, graph_of, policy_of, someone, worlds


def possible(world: World, owner: PersonId, person: PersonId) -> set[PersonId | None]:
    """Return the first people of all best paths; only blocks with the owner matter."""
    if person == owner:
        return {owner}
    theirs = replace(world, blocks={pair for pair in world.blocks if owner in pair})
    paths = list(brute_paths(theirs, owner, person))
    if (owner, person) in paths:
        return {person}
    least = min(((brute_path_cost(world, path), len(path)) for path in paths), default=None)
    return {path[1] for path in paths if (brute_path_cost(world, path), len(path)) == least} or {None}


def agree(graph: TrustGraph, world: World) -> None:
    for owner in sorted(world.people):
        everybody = graph.introducers(owner)
        for person in sorted(world.people):
            assert graph.introducer(owner, person) in possible(world, owner, person)
            assert everybody.get(person, (None, 0))[0] in possible(world, owner, person)


@settings(max_examples=100)
@given(worlds(), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), WEIGHTS), max_size=6))
def test_the_introducer_is_the_first_person_on_a_best_path_whatever_changes(
    world: World, changes: list[tuple[int, int, int]]
) -> None:
    graph = graph_of(world)
    with patch("protocol.trust.incremental_paths._CHANGES_PART", 0):  # update the searches, however much changes
        agree(graph, world)
        for giver, taker, weight in changes:
            if giver != taker:
                world = replace(world, vouches={**world.vouches, (someone(giver), someone(taker)): weight})
                graph.set(someone(giver), policy_of(world, someone(giver)))
        agree(graph, world)


def test_nobody_answers_for_people_farther_than_any_path_that_counts() -> None:
    people = [someone(number) for number in range(40)]
    graph = graph_of(chain(people, 1000))
    assert graph.introducer(people[0], people[32]) == people[1]
    assert graph.introducer(people[0], people[33]) is None
    assert graph.introducers(people[0]).keys() == set(people[:33])
