"""Random meshes come to rest where a brute-force model says they must, and always in the same way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from protocol import limits
from tests.support.random_mesh import RandomMesh

ROOT = Path(__file__).parents[2]
SHORT_LIFE = """
from tests.support.random_mesh import RandomMesh
life = RandomMesh(77, 8)
life.live(40)
life.rest()
print(life.mesh.trace.hexdigest(), len(life.does_see()))
"""


@pytest.mark.parametrize(("seed", "size", "steps"), [(1, 8, 60), (2, 10, 60), (6, 12, 60), (132, 9, 80), (5, 20, 60)])
def test_every_node_shows_exactly_what_the_model_says(seed: int, size: int, steps: int) -> None:
    """After vouches, blocks, edits, moves, restarts and partitions of all kinds, healed at last: nobody is shown what the
    model forbids, and everybody what it grants and can reach them; a week later no forbidden body is left."""
    life = RandomMesh(seed, size)
    life.live(steps)
    life.rest()
    seen = life.does_see()
    assert set(filter(life.in_touch, seen)) <= life.may_see()
    assert life.must_see() <= seen
    assert len(life.must_see()) > len(life.may_see()) // 2
    life.mesh.advance(limits.SUSPENDED_LIFE + limits.DAY)
    life.rest()
    assert set(filter(life.in_touch, life.holds())) <= life.may_see()


def test_one_seed_gives_one_trace_whatever_the_hash_seed() -> None:
    """Two processes, whose sets and dicts are ordered differently, deliver the same bytes at the same times."""

    def run(hash_seed: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", SHORT_LIFE],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    first, second = run("1"), run("2")
    assert first == second
    assert int(first.split()[1]) > 0
