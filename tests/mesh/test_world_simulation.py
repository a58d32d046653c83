"""Whole worlds of nodes: at rest every node holds exactly what the rule says, by a model over all that was said.

`scripts/simulate` lets more of them live than there is time for here.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.mutant_table import MUTATIONS, TESTED, Mutation
from tests.support.mutants import ROOT
from tests.support.simulate import Life, Simulation, command, plan_of

IN_CI = "CI" in os.environ
PEOPLE = 30
SEEDS = range(100, 106) if IN_CI else range(100, 101)
RANDOM_SEEDS = 1
SEED_BITS = 32


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    """Simulates all worlds, two at a time."""
    with Simulation(SEEDS, PEOPLE, processes=2) as running:
        yield running


@pytest.mark.promise("Resources flow organically based on trust")
@pytest.mark.promise("Block lists respected network-wide")
@pytest.mark.parametrize("seed", SEEDS)
def test_every_node_holds_exactly_what_the_rule_says(simulation: Simulation, seed: int) -> None:
    """After vouches, groups, blocks, moves, lost devices, naps, partitions and lies: nobody has what the model forbids,
    and everybody has what it grants and can reach them; a week later no forbidden body is left."""
    life: Life = simulation.lives[seed].result()
    assert life.faults == []
    assert life.at_rest.granted > PEOPLE
    assert life.at_rest.within_reach > PEOPLE // 2, "liars and blocks keep much from people, but not everything"
    assert life.at_rest.stale <= 10 + life.at_rest.granted // 10


@pytest.mark.skipif(
    IN_CI, reason="a change must not be refused for a fault that it did not bring; scripts/simulate finds those"
)
def test_worlds_that_nobody_has_seen_before_keep_the_rule_too() -> None:
    """Each run draws other seeds; the command in the message shows the same world again."""
    seeds = [secrets.randbits(SEED_BITS) for _ in range(RANDOM_SEEDS)]
    with Simulation(seeds, PEOPLE // 2, processes=2) as running:
        lives = [life.result() for life in running.lives.values()]
    wrong = {command(life.seed, plan_of(life.seed, PEOPLE // 2)): life.faults for life in lives if life.faults}
    assert wrong == {}


@pytest.mark.parametrize("mutation", [*MUTATIONS, *TESTED], ids=lambda mutation: mutation.name)
def test_each_deliberate_bug_can_still_be_put_into_the_program(mutation: Mutation, tmp_path: Path) -> None:
    """`scripts/mutants` tries whether tests notice them."""
    path = tmp_path / mutation.file
    path.parent.mkdir(parents=True)
    shutil.copy(ROOT / mutation.file, path)
    before = path.read_text(encoding="utf-8")
    mutation.apply(tmp_path)
    assert path.read_text(encoding="utf-8") != before
    compile(path.read_text(encoding="utf-8"), mutation.file, "exec")
