"""Blockers at the ends of long paths: what is compared is remembered, and metered by introducer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from random import Random
from unittest.mock import Mock, patch

import pytest

from protocol.trust import TrustGraph, block_tag
from protocol.trust.policies import compute_block_tag
from tests.support.model import World
from tests.support.webs import graph_of, policy_of, someone, together

ME, FRIEND, MALLORY = someone(0), someone(1), someone(2)
CHAIN = [someone(100 + number) for number in range(25)]
OTHER_CHAIN = [someone(200 + number) for number in range(25)]
BLOCKERS = [someone(1000 + number) for number in range(200)]
FAR_FROM_THEM = someone(9000)
HONEST = [someone(10 + number) for number in range(20)]


def attacked() -> World:
    """Return a web in which Mallory has put two long chains of Sybils beside each other, with blockers at their ends."""
    friends = ((FRIEND, one, 900, 900) for one in HONEST)
    vouches = together((ME, FRIEND, 900, 900), (ME, MALLORY, 900, 900), *friends)
    for row in (CHAIN, OTHER_CHAIN):
        path = [MALLORY, *row]
        vouches |= together(*((a, b, 1000, 1000) for a, b in zip(path, row, strict=False)))
        vouches |= together(*((row[-1], blocker, 1000, 1000) for blocker in BLOCKERS))
    vouches[MALLORY, OTHER_CHAIN[0]] = vouches[OTHER_CHAIN[0], MALLORY] = 990
    return World(vouches, {(blocker, FAR_FROM_THEM) for blocker in BLOCKERS} | {(HONEST[0], FAR_FROM_THEM)})


@contextmanager
def counted() -> Iterator[Mock]:
    """Count the block tags that are computed."""
    with patch("protocol.trust.policies.blake2b", wraps=blake2b) as computed:
        yield computed


def change(graph: TrustGraph, world: World, *pairs: tuple[bytes, bytes], weight: int) -> None:
    for pair in pairs:
        world.vouches[pair] = weight
    for author in {author for author, _ in pairs}:
        graph.set(author, policy_of(world, author))


def both(a: bytes, b: bytes) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
    return (a, b), (b, a)


def ask(graph: TrustGraph) -> tuple[dict[bytes, int], dict[bytes, int]]:
    return graph.reach_to(ME), graph.regard_from(ME)


def test_a_change_elsewhere_compares_nobody_with_a_long_path_again() -> None:
    world = attacked()
    graph = graph_of(world)
    assert BLOCKERS[0] in ask(graph)[0]
    with counted() as computed:
        for weight in range(500, 520):
            change(graph, world, *both(FRIEND, HONEST[1]), weight=weight)
            assert ask(graph) == ask(graph_of(world))
            computed.reset_mock()
            change(graph, world, *both(FRIEND, HONEST[2]), weight=weight)
            ask(graph)
            assert computed.call_count < 50


def test_a_block_in_the_middle_of_a_long_path_compares_each_person_behind_it_once() -> None:
    world = attacked()
    graph = graph_of(world)
    ask(graph)
    world.blocks.add((CHAIN[3], BLOCKERS[7]))
    graph.set(CHAIN[3], policy_of(world, CHAIN[3]))
    with counted() as computed:
        assert BLOCKERS[7] in ask(graph)[0]  # by the other chain, which is worse
        behind = len(BLOCKERS) + len(CHAIN)
        # In two searches; the rest is a detour for the one who is blocked.
        assert computed.call_count < 2 * 6 * behind < len(BLOCKERS) * len(CHAIN)
    assert ask(graph) == ask(graph_of(world))


def test_comparing_is_metered_by_introducer_the_nearest_first_and_goes_on_after_each_change() -> None:
    with patch("protocol.limits.BLOCK_TESTS", 1280), patch("protocol.trust.block_checks._TESTS_EACH", 0):
        world = attacked()
        graph = graph_of(world)
        reach, regard = ask(graph)
        for found in (reach, regard):
            assert {FRIEND, MALLORY, *HONEST, *CHAIN} <= found.keys()
            assert 0 < len(found.keys() & set(BLOCKERS)) < len(BLOCKERS) / 4
        for weight in range(500, 800):
            change(graph, world, *both(FRIEND, HONEST[1]), weight=weight)
            ask(graph)
        assert ask(graph)[0].keys() >= set(BLOCKERS)


@pytest.mark.parametrize("turns", [12])
def test_someone_who_moves_all_long_paths_again_and_again_makes_others_compare_little(turns: int) -> None:
    """And loses only the trust of those behind them."""
    with patch("protocol.limits.BLOCK_TESTS", 6400), patch("protocol.trust.block_checks._TESTS_EACH", 0):
        world = attacked()
        graph = graph_of(world)
        ask(graph)
        costs = []
        for turn in range(turns):
            with counted() as computed:
                change(graph, world, *both(MALLORY, CHAIN[0]), weight=1000 if turn % 2 else 800)
                reach, regard = ask(graph)
            costs.append(computed.call_count)
            assert {FRIEND, *HONEST} <= reach.keys() & regard.keys()
        assert max(costs[-4:]) < 2 * (2 * 6400 // 32 + len(CHAIN) * 10 + len(HONEST) * 10)


def test_somebody_in_whose_way_a_blocker_comes_later_is_compared_with_them() -> None:
    world = attacked()
    graph = graph_of(world)
    assert HONEST[3] in ask(graph)[0]
    world.blocks.add((FRIEND, HONEST[3]))
    graph.set(FRIEND, policy_of(world, FRIEND))
    assert HONEST[3] not in ask(graph)[0]
    assert graph.blocks(FRIEND, HONEST[3])
    assert block_tag(FRIEND, HONEST[3]) == compute_block_tag(FRIEND, HONEST[3])
    world.blocks.discard((FRIEND, HONEST[3]))
    graph.set(FRIEND, policy_of(world, FRIEND))
    assert HONEST[3] in ask(graph)[0]


def test_one_person_is_answered_for_without_comparing_the_others() -> None:
    graph = graph_of(attacked())
    with counted() as computed:
        assert graph.reach(BLOCKERS[0], ME) is not None
        assert graph.regard(ME, HONEST[0]) is not None
        assert computed.call_count < 4 * len(CHAIN) + 2 * (len(BLOCKERS) + 2)  # and the owner with all blockers


@pytest.mark.parametrize("seed", range(12))
def test_people_who_leave_take_their_blocks_along(seed: int) -> None:
    """People come, block, and leave again; others come in their places and answer for nothing that they did."""
    random, world = Random(seed), World({}, set())
    graph = graph_of(world)
    people = [someone(number) for number in range(12)]
    for _ in range(60):
        for _ in range(3):
            one, other = random.sample(people, 2)
            if random.random() < 0.3:  # gone: nobody says anything of them, nor they of anybody
                world.vouches = {pair: weight for pair, weight in world.vouches.items() if one not in pair}
                world.blocks = {pair for pair in world.blocks if one not in pair}
            elif random.random() < 0.3:
                world.blocks ^= {(one, other)}
            else:
                world.vouches |= together((one, other, 900, 900))
            for author in random.sample(people, len(people)):
                said = any(author == voucher for voucher, _ in (*world.vouches, *world.blocks))
                graph.set(author, policy_of(world, author) if said else None)
        assert ask(graph) == ask(graph_of(world))
