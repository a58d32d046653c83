"""Worlds of two hundred nodes: at rest every node holds exactly what the rule says, by a model over all that was said.

`scripts/simulate` lets more of them live than there is time for here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support.simulate import Life, Simulation

PEOPLE = 200
SEEDS = range(12) if "CI" in os.environ else range(1, 2)
"""Of every twelve the first is one web, in which every policy comes to every node: the most expensive one."""


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    """Simulates all worlds, two at a time."""
    with Simulation(SEEDS, PEOPLE, processes=2) as running:
        yield running


@pytest.mark.promise("Resources flow organically based on trust")
@pytest.mark.promise("Block lists respected network-wide")
@pytest.mark.parametrize("seed", SEEDS)
def test_every_node_holds_exactly_what_the_rule_says(simulation: Simulation, seed: int) -> None:
    """After vouches, groups, blocks, moves, naps and partitions: nobody has what the model forbids, and everybody
    has what it grants and can reach them; a week later no forbidden body is left."""
    life: Life = simulation.lives[seed].result()
    assert life.faults == []
    assert life.at_rest.granted > PEOPLE
    assert life.at_rest.within_reach > 0.8 * life.at_rest.granted
    assert life.at_rest.stale <= life.at_rest.granted // 100
