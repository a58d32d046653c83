"""Whatever a node has refused and remembers, it holds all that it would hold if it had no memory.

A node that starts again remembers nothing. So after that, and new sessions with everybody, it must have nothing that it
lacked before.
"""

from __future__ import annotations

import random
from contextlib import ExitStack
from unittest.mock import patch

import pytest

from protocol import Audience, limits
from tests.mesh.test_refused_for_now import held
from tests.support.mesh import Mesh
from tests.support.mesh_people import acquaint_all, block, post, unblock, vouch
from tests.support.mesh_people import befriend as connect

PEOPLE = ("Nora", "Alice", "Bob", "Mia", "Xenia", "Yann")
ACTS = 16


def world(seed: int) -> Mesh:
    """Return people of whom some seem to be connected with nobody, since those between block the first of them."""
    mesh = Mesh(500 + seed)
    for name in PEOPLE:
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    acquaint_all(mesh, PEOPLE)
    block(mesh, "Bob", "Nora")
    for a, b in (("Nora", "Alice"), ("Alice", "Bob"), ("Bob", "Xenia"), ("Xenia", "Yann"), ("Nora", "Mia")):
        connect(mesh, a, b, 900, 900)
    for a, b in (("Alice", "Xenia"), ("Mia", "Yann"), ("Alice", "Mia")):
        mesh.wire(a, b)
    for name in PEOPLE:
        post(mesh, name, f"Ladder of {name}", Audience.NETWORK_WIDE)
    mesh.settle()
    return mesh


def act(mesh: Mesh, chance: random.Random) -> None:
    """Let something happen."""
    a, b = chance.sample(PEOPLE, 2)
    what = chance.choice(["vouch", "vouch", "vouch", "mutual", "block", "unblock", "post", "wait", "part"])
    if what == "vouch":
        vouch(mesh, a, b, chance.choice([0, 80, 300, 900]))
    elif what == "mutual":
        vouch(mesh, a, b, 900)
        vouch(mesh, b, a, 900)
    elif what == "block":
        block(mesh, a, b)
    elif what == "unblock":
        unblock(mesh, a, b)
    elif what == "post":
        post(mesh, a, f"Drill of {a}", Audience.NETWORK_WIDE)
    elif what == "wait":
        for _ in range(chance.randint(1, 70)):
            mesh.advance(10)
    else:
        mesh.cut("Nora", chance.choice(["Alice", "Mia"]))


@pytest.mark.parametrize("seed", range(8))
def test_a_node_that_starts_again_gets_nothing_that_it_lacked_before(seed: int) -> None:
    mesh, chance = world(seed), random.Random(seed)
    with ExitStack() as stack:
        for _ in range(ACTS):
            if chance.random() < 0.2:
                stack.close()
            elif chance.random() < 0.2:  # for a while nothing of people for whom she does not vouch finds room
                quota = mesh.nodes["Nora"].replica.quota
                stack.enter_context(patch.object(quota, "caps", quota.caps._replace(size=quota.others().size)))
            act(mesh, chance)
            mesh.heal()
            mesh.settle()
    nora = mesh.nodes["Nora"]
    passing = post(mesh, "Nora", "Ends soon", Audience.MY_CELL, life=limits.MINUTE)
    nora.replica.store.records.delete([passing.id])  # so that room is looked for again
    mesh.heal()
    for _ in range(66):  # longer than from one comparison to the next: news may have crossed a change of mind
        mesh.advance(10)
    before = held(nora)
    mesh.restart("Nora")
    mesh.heal()
    mesh.settle()
    assert held(mesh.nodes["Nora"]) - before == set()
