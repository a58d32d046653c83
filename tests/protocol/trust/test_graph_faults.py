"""Faults that the trust graph survives, and its sameness in every process."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

import protocol
from protocol import UNSET_PREFERENCE, LocalError, PersonId
from protocol.limits import HOPS_MAX
from protocol.trust import EffectivePolicy, TrustGraph, block_tag, cost, paths
from tests.support.model import World
from tests.support.webs import chain, graph_of, renamed, someone, together, worlds

ALICE, BOB, CAROL, DAVE, ERIN, MALLORY = (someone(number) for number in range(1, 7))


@pytest.mark.parametrize("weight", [0, 1001, -1])
def test_fault_18_a_weight_out_of_range_changes_nothing(weight: int) -> None:
    graph = graph_of(chain([ALICE, BOB], 900))
    before = graph.version
    with pytest.raises(LocalError, match="1 to 1000"):
        graph.set(ALICE, EffectivePolicy({BOB: weight}, frozenset(), UNSET_PREFERENCE))
    assert graph.version == before
    assert graph.weight(ALICE, BOB) == 900


def test_fault_18_a_vouch_for_oneself_counts_for_nothing() -> None:
    graph = graph_of(chain([ALICE, BOB], 900))
    graph.set(ALICE, EffectivePolicy({ALICE: 1000, BOB: 900}, frozenset(), UNSET_PREFERENCE))
    assert graph.weight(ALICE, ALICE) == 0
    assert graph.trust(ALICE, ALICE) is None
    assert graph.regard_from(ALICE) == {BOB: cost(900)}
    assert graph.vouchers_of(ALICE) == [BOB]


def test_fault_18_a_block_of_oneself_counts_for_nothing() -> None:
    world = chain([ALICE, BOB, CAROL], 900)
    world.blocks = {(person, person) for person in (ALICE, BOB, CAROL)}
    graph = graph_of(world)
    assert not graph.blocked_either_way(ALICE, ALICE)
    assert getattr(graph.trust(ALICE, CAROL), "people", None) == (ALICE, BOB, CAROL)
    assert graph.reach_to(CAROL) == {ALICE: 2 * cost(900), BOB: cost(900)}


def test_fault_19_a_cycle_of_a_hundred_thousand_vouches_ends() -> None:
    people = [number.to_bytes(4, "big") * 8 for number in range(50_000)]
    graph = TrustGraph()
    for at, person in enumerate(people):
        around = {people[at - 1]: 1000, people[(at + 1) % len(people)]: 1000}
        graph.set(person, EffectivePolicy(around, frozenset(), UNSET_PREFERENCE))
    assert len(graph.reach_to(people[0])) == len(graph.regard_from(people[0])) == 2 * HOPS_MAX
    assert len(graph.mesh(people[0])) == len(people)
    far = graph.trust(people[0], people[HOPS_MAX])
    assert far is not None
    assert (far.cost, far.hops, far.people[1]) == (0, HOPS_MAX, people[1])
    assert graph.trust(people[0], people[HOPS_MAX + 1]) is None


def test_fault_19_sybils_in_a_row_who_all_block_are_not_tested_with_all_before_them() -> None:
    people = [number.to_bytes(4, "big") * 8 for number in range(2_000)]
    graph = TrustGraph()
    for at, person in enumerate(people):
        beside = dict.fromkeys(people[max(0, at - 1) : at] + people[at + 1 : at + 2], 1000)
        graph.set(person, EffectivePolicy(beside, frozenset({block_tag(person, MALLORY)}), UNSET_PREFERENCE))
    with patch("protocol.trust.graph.block_tag", wraps=block_tag) as tested:
        assert len(graph.reach_to(people[0])) == HOPS_MAX
    assert tested.call_count < 2 * (len(people) + HOPS_MAX**2)


def test_fault_19_sybils_who_block_each_other_use_up_only_the_budget_of_their_introducer() -> None:
    """A hundred Sybils behind Mallory each block others of those before them; Dave, behind Bob, blocks Bob."""
    row = [someone(100 + number) for number in range(8)]
    crowd = [someone(200 + number) for number in range(100)]
    world = chain([ALICE, BOB, DAVE], 900)
    world.vouches |= chain([ALICE, CAROL, ERIN, DAVE], 800).vouches | chain([ALICE, MALLORY, *row], 1000).vouches
    world.vouches |= together(*((row[-1], one, 1000, 1000) for one in crowd))
    world.blocks = {(DAVE, BOB)}
    world.blocks |= {(one, row[bit]) for number, one in enumerate(crowd, 1) for bit in range(7) if number >> bit & 1}
    graph = graph_of(world)
    with (
        patch("protocol.limits.DETOUR_STEPS", 0),
        patch("protocol.trust.paths.WorkBudget.spend", autospec=True, side_effect=paths.WorkBudget.spend) as spent,
    ):
        reach = graph.reach_to(ALICE)
    assert reach[DAVE] == 3 * cost(800)
    assert set(reach) == {BOB, CAROL, ERIN, DAVE, MALLORY, *row}
    assert spent.call_count < 5 * len(crowd)


def test_fault_20_a_stranger_who_vouches_for_everyone_sees_nothing() -> None:
    friends = chain([ALICE, BOB, CAROL, DAVE], 1000)
    friends.vouches |= {(MALLORY, person): 1000 for person in (ALICE, BOB, CAROL, DAVE)}
    graph = graph_of(friends)
    assert graph.reach_to(MALLORY) == {}
    assert MALLORY not in graph.mesh(ALICE)
    assert graph.reach_to(DAVE)[ALICE] == 0  # and Mallory opens or closes no path
    assert graph.regard_from(MALLORY) == dict.fromkeys((ALICE, BOB, CAROL, DAVE), 0)


@pytest.mark.parametrize("seed", range(5))
def test_fault_21_a_threshold_met_exactly_is_met_in_every_order_of_arrival(seed: int) -> None:
    rng = random.Random(seed)
    world = World(together((ALICE, BOB, 1000, 1), (BOB, CAROL, 800, 1), (CAROL, DAVE, 625, 1), (ALICE, ERIN, 499, 1)))
    order = sorted(world.people)
    rng.shuffle(order)
    graph = graph_of(world, order)
    assert graph.regard_from(ALICE, 500) == {BOB: 0, CAROL: cost(800), DAVE: cost(800) + cost(625)}
    assert graph.reach_to(DAVE, 500) == {ALICE: cost(800) + cost(625), BOB: cost(800) + cost(625), CAROL: cost(625)}


@given(worlds(most=7), st.randoms(use_true_random=False))
def test_fault_21_neither_order_of_arrival_nor_keys_change_what_anybody_is_worth(
    world: World, rng: random.Random
) -> None:
    people = sorted(world.people)
    shuffled = rng.sample(people, len(people))
    names = dict(zip(people, shuffled, strict=True))
    graph, arrived, other = graph_of(world), graph_of(world, shuffled), graph_of(renamed(world, names))
    for person in people:
        assert arrived.reach_to(person) == graph.reach_to(person)
        assert arrived.regard_from(person) == graph.regard_from(person)
        assert [arrived.trust(person, end) for end in people] == [graph.trust(person, end) for end in people]
        assert other.reach_to(names[person]) == {names[a]: found for a, found in graph.reach_to(person).items()}


def test_fault_22_a_revoked_bridge_ends_reach_in_both_directions_at_once() -> None:
    world = World(together((ALICE, BOB, 700, 800), (BOB, CAROL, 800, 800)))
    graph = graph_of(world)
    assert CAROL in graph.reach_to(ALICE)
    assert ALICE in graph.reach_to(CAROL)
    graph.set(BOB, EffectivePolicy({ALICE: 800}, frozenset(), UNSET_PREFERENCE))
    assert CAROL not in graph.reach_to(ALICE)
    assert ALICE not in graph.reach_to(CAROL)
    assert CAROL not in graph.mesh(ALICE)


@pytest.mark.parametrize("blocker", ["author", "viewer"])
def test_fault_23_a_block_outweighs_full_trust_in_both_directions(blocker: str) -> None:
    world = chain([ALICE, BOB, CAROL], 1000)
    world.vouches |= together((ALICE, CAROL, 1000, 1000))
    world.blocks = {(ALICE, CAROL)} if blocker == "author" else {(CAROL, ALICE)}
    graph = graph_of(world)
    assert graph.blocked_either_way(ALICE, CAROL)
    assert graph.blocked_either_way(CAROL, ALICE)
    for a, b in ((ALICE, CAROL), (CAROL, ALICE)):
        assert graph.trust(a, b) is None
        assert a not in graph.reach_to(b)
        assert b not in graph.regard_from(a)
    assert graph.reach_to(BOB) == {ALICE: 0, CAROL: 0}


@pytest.mark.parametrize("block", [(ALICE, BOB), (BOB, ALICE), (DAVE, BOB), (BOB, DAVE)])
def test_fault_23_no_path_leads_through_anybody_blocked_either_way_with_an_end(
    block: tuple[PersonId, PersonId],
) -> None:
    short, around = (ALICE, BOB, DAVE), (ALICE, CAROL, ERIN, DAVE)
    world = World(chain(short, 900).vouches | chain(around, 800).vouches)
    assert getattr(graph_of(world).trust(ALICE, DAVE), "people", None) == short
    world.blocks = {block}
    graph = graph_of(world)
    assert getattr(graph.trust(ALICE, DAVE), "people", None) == around
    assert graph.reach_to(DAVE)[ALICE] == 3 * cost(800)
    assert graph.regard_from(ALICE)[DAVE] == 3 * cost(800)


def test_fault_23_a_block_between_others_closes_no_path() -> None:
    world = chain([ALICE, BOB, CAROL, DAVE], 900)
    world.blocks = {(BOB, CAROL)}
    graph = graph_of(world)
    assert graph.trust(BOB, CAROL) is None
    assert graph.reach_to(DAVE)[ALICE] == 3 * cost(900)


def test_a_block_cannot_be_read_from_its_tag_without_the_key() -> None:
    assert block_tag(ALICE, BOB) != block_tag(BOB, ALICE)
    assert len({block_tag(a, b) for a in (ALICE, BOB, CAROL) for b in (ALICE, BOB, CAROL)}) == 9


# --- Alike in every process ------------------------------------------------------------------------------------------

_REPORT = """
import random
from protocol import UNSET_PREFERENCE
from protocol.trust import EffectivePolicy, TrustGraph, block_tag
rng = random.Random(7)
people = [rng.randbytes(32) for _ in range(60)]
graph = TrustGraph()
for person in {*people}:
    rng = random.Random(person)
    vouches = {subject: rng.choice([1000, 900, 800]) for subject in rng.sample(people, 20)}
    blocks = frozenset(block_tag(person, subject) for subject in rng.sample(people, 2))
    graph.set(person, EffectivePolicy(vouches, blocks, UNSET_PREFERENCE))
for person in people[:10]:
    print(sorted(graph.reach_to(person).items()), sorted(graph.regard_and_hops_from(person).items()))
    print([graph.trust(person, other) for other in people])
"""


def test_two_processes_with_different_hash_seeds_say_the_same() -> None:
    root = Path(protocol.__file__).parents[1]
    said = {
        subprocess.run(
            [sys.executable, "-c", _REPORT],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
    assert len(said.pop()) > 10_000
