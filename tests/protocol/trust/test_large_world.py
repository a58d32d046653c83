"""The model for large worlds answers as the one that tries every path."""

from __future__ import annotations

from itertools import product

from hypothesis import given

from tests.support.large_world import LargeWorld
from tests.support.model import World, brute_limit, brute_mesh, brute_path_cost, brute_trust
from tests.support.webs import worlds


@given(worlds())
def test_relaxation_finds_what_trying_every_path_finds(world: World) -> None:
    large = LargeWorld(vouches=world.vouches, blocks=world.blocks)
    for a, b in product(world.people, repeat=2):
        tried = brute_trust(world, a, b)
        if tried is None or tried > brute_limit(100):
            assert large.trust(a, b) is None
        else:
            assert large.trust(a, b) == tried == brute_path_cost(world, large.path(a, b))
        assert (b in large.mesh(a)) == (b in brute_mesh(world, a))
