"""The arithmetic of trust: exact, the same on every machine, and right at the thresholds."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import LocalError
from protocol.trust import TrustPath, as_trust, cost, limit, reaches
from protocol.trust.weights import COST
from tests.support.model import brute_cost


def test_every_cost_is_the_logarithm_to_sixty_digits() -> None:
    assert [cost(weight) for weight in range(1, 1001)] == [brute_cost(weight) for weight in range(1, 1001)]


def test_no_cost_is_so_near_a_rounding_edge_that_a_platform_could_differ() -> None:
    with localcontext() as context:
        context.prec = 60
        for weight in range(1, 1000):
            exact = -(Decimal(weight) / 1000).ln() * 2**32
            from_edge = abs(exact % 1 - Decimal("0.5"))
            error_of_a_double = exact * Decimal(2) ** -50
            assert from_edge > 10 * error_of_a_double


def test_costs_fall_as_weights_rise() -> None:
    assert all(COST[weight] > COST[weight + 1] for weight in range(1, 1000))
    assert cost(1000) == 0


@pytest.mark.parametrize("weight", [0, 1001, -1])
def test_a_weight_out_of_range_has_no_cost(weight: int) -> None:
    with pytest.raises(LocalError, match="1 to 1000"):
        cost(weight)
    with pytest.raises(LocalError, match="1 to 1000"):
        limit(weight)


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=4))
def test_a_path_costs_the_same_in_every_order(weights: list[int]) -> None:
    assert len({sum(cost(weight) for weight in order) for order in permutations(weights)}) == 1


@pytest.mark.parametrize(
    ("threshold", "product"),
    [(500, (1000, 500)), (500, (625, 800)), (300, (625, 625, 768)), (100, (500, 512, 625, 625))],
)
def test_a_product_that_meets_the_threshold_exactly_reaches_it(threshold: int, product: tuple[int, ...]) -> None:
    """The last two cost one more than the threshold because their roundings add up."""
    assert math.prod(product) == threshold * 1000 ** (len(product) - 1)
    assert reaches(sum(cost(weight) for weight in product), threshold)


@pytest.mark.parametrize(("threshold", "product"), [(500, (517, 971, 996)), (100, (105, 962, 990))])
def test_two_millionths_less_do_not_reach_it(threshold: int, product: tuple[int, ...]) -> None:
    assert threshold * (1 - 3e-6) < math.prod(product) / 1000 ** (len(product) - 1) < threshold
    assert not reaches(sum(cost(weight) for weight in product), threshold)


def test_one_per_mille_less_does_not_reach_it() -> None:
    assert reaches(cost(500), 500)
    assert not reaches(cost(499), 500)
    assert not reaches(cost(625) + cost(799), 500)
    assert not reaches(None, 1)


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=40), st.integers(1, 1000))
def test_slack_covers_the_rounding_and_next_to_nothing_more(weights: list[int], threshold: int) -> None:
    path = sum(cost(weight) for weight in weights)
    exact = math.prod(map(Decimal, weights)) / Decimal(1000) ** len(weights)
    if exact >= Decimal(threshold) / 1000:
        assert reaches(path, threshold)
    if exact < Decimal(threshold) / 1000 * (1 - Decimal("1e-6")):
        assert not reaches(path, threshold)


def test_people_read_four_decimals() -> None:
    assert as_trust(cost(700) + cost(800)) == 0.56
    assert as_trust(0) == 1.0
    assert as_trust(cost(333) * 3) == 0.0369


def test_a_path_knows_its_hops_and_its_trust() -> None:
    path = TrustPath(cost(700) + cost(800), (b"Alice", b"Bob", b"Carol"), (700, 800))
    assert (path.hops, path.trust) == (2, 0.56)
