"""The trust graph compared with a model that tries every path."""

from __future__ import annotations

import random
from itertools import pairwise
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import UNSET_PREFERENCE, PersonId
from protocol.trust import EffectivePolicy, TrustGraph, cost, limit
from tests.support.model import (
    World,
    brute_best_path,
    brute_limit,
    brute_mesh,
    brute_path_cost,
    brute_trust,
)
from tests.support.webs import chain, graph_of, policy_of, someone, together, worlds

ALICE, BOB, CAROL, DAVE, ERIN, MALLORY = (someone(number) for number in range(1, 7))


def within(world: World, a: PersonId, b: PersonId, floor: int) -> int | None:
    """The model's cost of trust, if it reaches the floor."""
    found = brute_trust(world, a, b)
    return found if found is not None and found <= brute_limit(floor) else None


# --- Against the model -----------------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(worlds())
def test_the_best_path_is_the_one_the_model_finds(world: World) -> None:
    graph = graph_of(world)
    for a in world.people:
        for b in world.people:
            best, found = brute_best_path(world, a, b), graph.trust(a, b)
            assert (found and found.people) == best
            if found is not None and best is not None:
                assert found.cost == brute_path_cost(world, best) == sum(cost(weight) for weight in found.weights)
                assert found.weights == tuple(graph.weight(*step) for step in pairwise(best))


@settings(max_examples=150)
@given(worlds(most=7, blocks=8), st.sampled_from([1, 100, 500]), st.sampled_from([0, 1, 8]))
def test_one_search_answers_for_everybody_as_the_model_does(world: World, floor: int, few: int) -> None:
    graph = graph_of(world)
    for viewer in world.people:
        others = sorted(world.people - {viewer})
        reach = {author: found for author in others if (found := within(world, author, viewer, floor)) is not None}
        regard = {author: found for author in others if (found := within(world, viewer, author, floor)) is not None}
        with patch("protocol.trust.detours._FEW", few):  # how many are searched for again one by one changes nothing
            assert graph.reach_to(viewer, floor) == reach
            assert graph.regard_from(viewer, floor) == regard
            for other in others:
                assert graph.reach(other, viewer, floor) == reach.get(other)
                assert graph.regard(viewer, other, floor) == regard.get(other)


@given(worlds())
def test_hops_are_those_of_the_best_path(world: World) -> None:
    graph = graph_of(world)
    for viewer in world.people:
        for author, (_, hops) in graph.regard_and_hops_from(viewer, 1).items():
            best = graph.trust(viewer, author)
            assert best is not None
            assert best.hops == hops


@given(worlds())
def test_a_mesh_is_what_mutual_vouches_join(world: World) -> None:
    graph = graph_of(world)
    for person in world.people:
        assert graph.mesh(person) == brute_mesh(world, person)
        assert all(graph.same_mesh(person, other) == (other in graph.mesh(person)) for other in world.people)


def test_in_a_large_web_one_search_agrees_with_one_search_a_pair() -> None:
    """The web is so large that many paths are crossed at once: a hub that all trust blocks a third of them."""
    rng = random.Random("a large web")
    people = [someone(number) for number in range(80)]
    hub, *others = people
    web = together(*((hub, other, 1000, 950) for other in others))
    for _ in range(300):
        a, b = rng.sample(others, 2)
        web |= together((a, b, rng.randint(300, 1000), rng.choice([0, rng.randint(300, 1000)])))
    pairs = [(a, b) for a in people for b in people if a != b]
    world = World(web, {(hub, other) for other in others[:25]} | set(rng.sample(pairs, 60)))
    graph = graph_of(world)
    for viewer in people[::7]:
        for floor in (100, 700):
            single = {author: path.cost for author in people if (path := graph.trust(author, viewer)) is not None}
            assert graph.reach_to(viewer, floor) == {a: c for a, c in single.items() if c <= limit(floor)}
            single = {author: path.cost for author in people if (path := graph.trust(viewer, author)) is not None}
            assert graph.regard_from(viewer, floor) == {a: c for a, c in single.items() if c <= limit(floor)}


# --- The rules, one by one -------------------------------------------------------------------------------------------


def test_trust_is_the_product_along_the_path() -> None:
    graph = graph_of(World(together((ALICE, BOB, 700, 800), (BOB, CAROL, 800, 800))))
    path = graph.trust(ALICE, CAROL)
    assert path is not None
    assert (path.people, path.weights, path.trust) == ((ALICE, BOB, CAROL), (700, 800), 0.56)


def test_only_the_last_vouch_may_be_one_sided() -> None:
    graph = graph_of(World(together((ALICE, BOB, 700, 800), (BOB, CAROL, 800, 0), (CAROL, DAVE, 900, 900))))
    assert graph.trust(ALICE, CAROL) is not None
    assert graph.trust(BOB, CAROL) is not None
    assert graph.trust(ALICE, DAVE) is None
    assert graph.trust(CAROL, BOB) is None


def test_a_direct_vouch_is_the_answer_but_paths_run_on_by_the_better_way() -> None:
    world = World(together((ALICE, BOB, 900, 900), (BOB, CAROL, 900, 900), (ALICE, CAROL, 200, 200)))
    world.vouches.update(together((CAROL, DAVE, 1000, 1000)))
    graph = graph_of(world)
    direct, beyond = graph.trust(ALICE, CAROL), graph.trust(ALICE, DAVE)
    assert direct is not None
    assert direct.people == (ALICE, CAROL)
    assert graph.regard_from(ALICE)[CAROL] == cost(200)
    assert beyond is not None
    assert beyond.people == (ALICE, BOB, CAROL, DAVE)
    assert graph.regard_from(ALICE)[DAVE] == 2 * cost(900)


def test_a_weak_direct_vouch_takes_its_subject_out_of_the_web() -> None:
    world = World(together((ALICE, BOB, 900, 900), (BOB, CAROL, 900, 900), (ALICE, CAROL, 50, 50)))
    assert CAROL not in graph_of(world).regard_from(ALICE)
    assert ALICE not in graph_of(world).reach_to(CAROL)


def test_the_floor_is_met_exactly() -> None:
    graph = graph_of(World(together((ALICE, BOB, 625, 1), (BOB, CAROL, 800, 1))))
    assert CAROL in graph.regard_from(ALICE, 500)
    assert CAROL not in graph.regard_from(ALICE, 501)


def test_of_equal_paths_the_shorter_then_the_smaller_keys_win() -> None:
    vouches = together(
        (ALICE, DAVE, 800, 800), (DAVE, ERIN, 800, 800), (ALICE, CAROL, 800, 800), (CAROL, ERIN, 800, 800)
    )
    assert getattr(graph_of(World(vouches)).trust(ALICE, ERIN), "people", None) == (ALICE, CAROL, ERIN)
    vouches |= together((CAROL, BOB, 1000, 1000), (BOB, ERIN, 800, 800))
    assert getattr(graph_of(World(vouches)).trust(ALICE, ERIN), "people", None) == (ALICE, CAROL, ERIN)


def test_nobody_has_trust_in_themselves() -> None:
    graph = graph_of(chain([ALICE, BOB], 900))
    assert graph.trust(ALICE, ALICE) is None
    assert ALICE not in graph.reach_to(ALICE)
    assert ALICE not in graph.regard_from(ALICE)


def test_people_whom_nobody_knows_are_strangers() -> None:
    graph = graph_of(chain([ALICE, BOB], 900))
    assert graph.trust(ALICE, MALLORY) is None
    assert graph.reach_to(MALLORY) == {}
    assert graph.regard_from(MALLORY) == {}
    assert graph.mesh(MALLORY) == {MALLORY}
    assert graph.weight(MALLORY, ALICE) == 0
    assert graph.vouchers_of(MALLORY) == []
    assert not graph.blocked_either_way(MALLORY, ALICE)


def test_a_graph_says_who_vouches_for_whom() -> None:
    graph = graph_of(World(together((ALICE, CAROL, 700, 800), (BOB, CAROL, 600, 0))))
    assert graph.vouched_by(ALICE) == {CAROL: 700}
    assert graph.vouchers_of(CAROL) == [ALICE, BOB]
    assert graph.mutual(ALICE, CAROL)
    assert not graph.mutual(BOB, CAROL)


# --- Change ----------------------------------------------------------------------------------------------------------


@given(worlds(), worlds())
def test_a_graph_that_changed_is_the_graph_that_was_always_so(before: World, after: World) -> None:
    people = sorted(before.people | after.people)
    changed, fresh = graph_of(before), graph_of(after)
    for person in people:
        changed.mesh(person)  # asked for before the change, so that an old answer could be kept
    for person in people:
        changed.set(person, policy_of(after, person) if person in after.people else None)
    for person in people:
        assert changed.reach_to(person) == fresh.reach_to(person)
        assert changed.regard_from(person) == fresh.regard_from(person)
        assert changed.mesh(person) == fresh.mesh(person)
        assert changed.vouchers_of(person) == fresh.vouchers_of(person)


def test_the_version_moves_when_something_changes_and_only_then() -> None:
    graph = TrustGraph()
    policy = EffectivePolicy({BOB: 700}, frozenset(), UNSET_PREFERENCE)
    graph.set(ALICE, None)
    assert graph.version == 0
    graph.set(ALICE, policy)
    graph.set(ALICE, EffectivePolicy({BOB: 700}, frozenset(), UNSET_PREFERENCE))
    assert graph.version == 1
    assert graph.policy(ALICE) == policy
    graph.set(ALICE, EffectivePolicy({BOB: 700}, frozenset([bytes(16)]), UNSET_PREFERENCE))
    graph.set(ALICE, None)
    assert graph.version == 3
    assert graph.policy(ALICE) is None


def test_sybils_do_not_pile_up() -> None:
    """A member who vouches for a thousand new keys in every version must not fill the memory."""
    graph = graph_of(chain([ALICE, BOB], 900))
    for version in range(20):
        sybils = {bytes([version, number]) * 16: 500 for number in range(100, 200)}
        graph.set(MALLORY, EffectivePolicy(sybils, frozenset(), UNSET_PREFERENCE))
    assert len(graph._person) < 250
    graph.set(MALLORY, None)
    assert graph.reach_to(BOB) == {ALICE: cost(900)}


def test_people_who_came_and_went_leave_nothing_behind() -> None:
    graph = graph_of(chain([ALICE, BOB], 900))
    for number in range(100, 300):
        graph.set(someone(number), EffectivePolicy({ALICE: 500}, frozenset([bytes(16)]), UNSET_PREFERENCE))
        graph.set(someone(number), None)
    assert len(graph._person) < 10
    assert graph.vouchers_of(ALICE) == [BOB]


def test_a_number_that_became_free_means_its_new_person() -> None:
    graph = TrustGraph()
    graph.set(ALICE, EffectivePolicy({BOB: 500}, frozenset(), UNSET_PREFERENCE))
    assert graph.mesh(BOB) == {BOB}
    graph.set(ALICE, EffectivePolicy({CAROL: 500}, frozenset(), UNSET_PREFERENCE))
    graph.set(DAVE, EffectivePolicy({ERIN: 500}, frozenset(), UNSET_PREFERENCE))
    assert [graph.mesh(person) for person in (BOB, CAROL, DAVE, ERIN)] == [{BOB}, {CAROL}, {DAVE}, {ERIN}]
