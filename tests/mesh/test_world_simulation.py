"""Whole worlds of nodes: at rest every node holds exactly what the rule says, by a model over all that was said.

`scripts/simulate` lets more of them live than there is time for here. Beside fixed worlds there are some that follow from
the program itself: another program has others, and the same program the same, so that a failure can be seen again and
passes only with a change.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.support.cheaper import cheaper
from tests.support.mutant_table import MUTATIONS, TESTED, Mutation
from tests.support.mutants import ROOT
from tests.support.oracle import copies
from tests.support.simulate import FEWEST_PEOPLE, Life, Simulation, command, drawn_seeds, live, plan_of
from tests.support.world_simulation import SimulatedWorld

IN_CI = "CI" in os.environ
PEOPLE = 30
# In the world of seed 101 policies are brought again and again to somebody whom they do not connect: it takes as long as all
# of these together.
SEEDS = (100, 102, 103, 104, 105) if IN_CI else (100,)
DRAWN = drawn_seeds(2)
HOURS = 4


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


@pytest.mark.parametrize(
    ("seed", "hours"), list(zip(DRAWN, (0, HOURS), strict=True)), ids=[f"seed {seed}" for seed in DRAWN]
)
def test_worlds_drawn_from_the_program_keep_the_rule_too(seed: int, hours: int) -> None:
    """The command in the message shows the same world again."""
    with Simulation([seed], PEOPLE // 2, processes=1, hours=hours) as running:
        life = running.lives[seed].result()
    assert life.faults == [], command(seed, life.plan)


def test_a_seed_says_all_about_a_world() -> None:
    first, again = (live(7, plan_of(7, FEWEST_PEOPLE, hours=1)) for _ in range(2))
    assert first.trace == again.trace
    assert first.records == again.records


def test_agreeing_on_keys_and_parsing_cheaply_changes_nothing_that_is_said() -> None:
    """The bytes differ, since they are encrypted under other keys; who has what does not."""
    worlds = []
    for simulation in (nullcontext(), cheaper()):
        with simulation:
            world = SimulatedWorld(7, plan_of(7, FEWEST_PEOPLE, hours=1))
            world.live()
        worlds.append((world.mesh.bytes_sent, copies(world, shown=True), world.witness.given))
    assert worlds[0] == worlds[1]


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
