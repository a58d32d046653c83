"""Live news reach everybody who may have them, though people write while nodes compare, give and take: without a comparison.

Nodes take what has come in small parts, fill what they serve in small steps, and follow their own commits one conversation
at a time, some later than others. People act between any two of these steps. When all is quiet, nodes that start again and
compare everything must get nothing that they lacked.
"""

from __future__ import annotations

import random

import pytest

from meshnode.app.owner.profile import set_profile
from meshnode.replica import parts, served_set
from protocol import Audience, Record, limits
from protocol.session import transfer
from tests.support.comparing_again import brought_by_another_comparison
from tests.support.mesh import Mesh
from tests.support.mesh_people import acquaint_all, block, post, rewrite, unblock, vouch, withdraw
from tests.support.mesh_people import befriend as connect
from tests.support.places import PLACES

PEOPLE = ("Alice", "Bob", "Carol", "Dora")
ACTS = 80
WRITING = ("post", "edit")
LIVING = (*WRITING, *WRITING, "withdraw", "vouch", "block", "unblock", "move", "redial")
AUDIENCES = (Audience.MY_CELL, Audience.TRUSTED_NETWORK, Audience.NETWORK_WIDE)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything take many steps, between which others have their turn."""
    monkeypatch.setattr(parts, "PART_EFFORT", 4)
    monkeypatch.setattr(served_set, "STEP", 3)
    monkeypatch.setattr(transfer, "BATCH_RECORDS", 3)


def world(seed: int) -> Mesh:
    """Return people who know each other, and of whom not everybody trusts everybody."""
    mesh = Mesh(900 + seed)
    for name in PEOPLE:
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    acquaint_all(mesh, PEOPLE)
    for a, b in (("Alice", "Bob"), ("Bob", "Carol"), ("Carol", "Dora")):
        connect(mesh, a, b, 900, 900)
    for a, b in (("Alice", "Carol"), ("Bob", "Dora"), ("Alice", "Dora")):
        mesh.wire(a, b)
    mesh.settle()
    return mesh


class Life:
    """What people do in one world, by one seed."""

    def __init__(self, seed: int, acts: tuple[str, ...]) -> None:
        self._acts = acts
        self.mesh = world(seed)
        self._chance = random.Random(seed)
        self._posts: list[tuple[str, Record]] = []
        self._policies = dict.fromkeys(PEOPLE, 0)

    def act(self) -> None:
        """Let something happen."""
        mesh, chance = self.mesh, self._chance
        a, b = chance.sample(PEOPLE, 2)
        what = chance.choice(self._acts)
        if what in ("vouch", "block", "unblock"):
            self._policies[a] += 1
            if self._policies[a] > limits.POLICY_VERSIONS_AT_ONCE // 2:
                return
        mine = [one for one in self._posts if one[0] == a]
        if what == "post":
            self._posts.append((a, post(mesh, a, f"Drill {chance.random()}", chance.choice(AUDIENCES))))
        elif what == "edit" and mine:
            old = chance.choice(mine)
            self._posts.remove(old)
            self._posts.append((a, self._rewritten(*old)))
        elif what == "withdraw" and mine:
            old = chance.choice(mine)
            self._posts.remove(old)
            withdraw(mesh, *old)
        elif what == "vouch":
            vouch(mesh, a, b, chance.choice((0, 80, 300, 900)))
        elif what == "block":
            block(mesh, a, b)
        elif what == "unblock":
            unblock(mesh, a, b)
        elif what == "move":
            set_profile(mesh.nodes[a].replica, place=chance.choice(PLACES))
        elif what == "redial" and chance.random() < 0.3:
            mesh.cut(a, b)
            mesh.heal()

    def _rewritten(self, name: str, listing: Record) -> Record:
        audience, title = self._chance.choice((None, *AUDIENCES)), f"Saw {self._chance.random()}"
        return rewrite(self.mesh, name, listing, title, audience, may_reduce_access=audience is not None)

    def hurry(self) -> None:
        """Let people act faster than their nodes can tell each other."""
        for _ in range(ACTS):
            self.act()
            self.mesh.run_for(self._chance.choice((0.0, 0.002, 0.01, 0.02)))

    def compare(self) -> None:
        """Let all sessions begin to compare, while people go on."""
        self.mesh.settle()
        self.mesh.time += limits.LIVE_COMPARE_SECONDS + 1
        self.mesh.compare()


@pytest.mark.parametrize("acts", [WRITING, LIVING], ids=["writing", "living"])
@pytest.mark.parametrize("seed", range(3))
def test_when_all_is_quiet_another_comparison_brings_nothing(seed: int, acts: tuple[str, ...]) -> None:
    life = Life(seed, acts)
    for _ in range(2):
        life.hurry()
        life.compare()
    life.hurry()
    mesh = life.mesh
    mesh.settle()
    assert brought_by_another_comparison(mesh) == {}
