"""The model for large worlds answers as the one that tries every path."""

from __future__ import annotations

from itertools import product
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from tests.support.large_world import LargeWorld
from tests.support.model import World, brute_limit, brute_mesh, brute_path_cost, brute_trust
from tests.support.webs import worlds


@given(worlds(), st.sampled_from([1, 2, 3, 32]))
def test_relaxation_finds_what_trying_every_path_finds(world: World, hops: int) -> None:
    large = LargeWorld(vouches=world.vouches, blocks=world.blocks)
    with patch("tests.support.model.HOPS", hops):
        for a, b in product(world.people, repeat=2):
            tried = brute_trust(world, a, b)
            if tried is None or tried > brute_limit(100):
                assert large.trust(a, b) is None
            else:
                assert large.trust(a, b) == tried == brute_path_cost(world, large.path(a, b))
                assert len(large.path(a, b)) <= hops + 1
            assert (b in large.mesh(a)) == (b in brute_mesh(world, a))
