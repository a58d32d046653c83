"""No letter and no receipt is lost, and none is read twice, however people write, read and change their trust meanwhile.

Nodes take what has come in small parts and fill what they serve in small steps, and people act between any two of these.
Some change their policy more often than nodes take new versions of it, so that carriers lack the newest one for a while.
"""

from __future__ import annotations

import random
from contextlib import suppress

import pytest

from meshnode.app.exchanges.incoming import follow_letters
from meshnode.app.letters.delivery import Delivery
from meshnode.app.letters.letters import withdraw_all_to
from meshnode.errors import Refused
from meshnode.replica import parts, served_set
from protocol import limits
from protocol.session import transfer
from tests.support.comparing_again import brought_by_another_comparison
from tests.support.mail import delivery, have_exchanged, settle_down, village, who_holds, write
from tests.support.mesh import Mesh
from tests.support.mesh_people import acquaint_all, befriend, block, person, unblock, vouch

PEOPLE = ("Alice", "Bob", "Carol", "Dora")
ACTS = 60
WRITING = ("write", "write", "write", "read", "read", "vouch", "edits", "redial")
BLOCKING = (*WRITING, "block", "unblock")
QUIET_MINUTES = 8  # until nodes have taken the newest version of every policy


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything take many steps, between which others have their turn, and let receipts wait for seconds."""
    monkeypatch.setattr(parts, "PART_EFFORT", 4)
    monkeypatch.setattr(served_set, "STEP", 3)
    monkeypatch.setattr(transfer, "BATCH_RECORDS", 3)
    monkeypatch.setattr(limits, "RECEIPT_DELAY_MIN", 0)
    monkeypatch.setattr(limits, "RECEIPT_DELAY_MAX", 1)


class Correspondence:
    """What people do in one world, by one seed. `sent` has the author, addressee and slot of every letter by its message."""

    def __init__(self, seed: int, acts: tuple[str, ...]) -> None:
        self._acts = acts
        self._chance = random.Random(seed)
        self.sent: dict[str, tuple[str, str, bytes]] = {}
        self.mesh = Mesh(700 + seed)
        for name in PEOPLE:
            self.mesh.add(name)
        acquaint_all(self.mesh, PEOPLE)
        for a, b in (("Alice", "Bob"), ("Bob", "Carol"), ("Carol", "Dora"), ("Alice", "Dora")):
            befriend(self.mesh, a, b, 900, 900)
        have_exchanged(self.mesh, *PEOPLE)  # else only those who vouch for somebody send them receipts
        self.mesh.settle()

    def hurry(self) -> None:
        """Let people act faster than their nodes can tell each other."""
        for _ in range(ACTS):
            self._act()
            self.mesh.run_for(self._chance.choice((0.0, 0.002, 0.01, 0.02)))

    def _act(self) -> None:
        mesh, chance = self.mesh, self._chance
        a, b = chance.sample(PEOPLE, 2)
        what = chance.choice(self._acts)
        if what == "write":
            message = f"Message {len(self.sent)}"
            with suppress(Refused):  # one of the two blocks the other
                self.sent[message] = (a, b, write(mesh, a, b, message))
        elif what == "read":
            with mesh.nodes[a].replica.changes.held():
                follow_letters(mesh.nodes[a].replica)
        elif what == "vouch":
            vouch(mesh, a, b, chance.choice((300, 600, 900)))
        elif what == "edits":
            for weight in range(limits.POLICY_VERSIONS_AT_ONCE):
                vouch(mesh, a, b, 800 + weight)
        elif what == "block":
            block(mesh, a, b)
        elif what == "unblock":
            unblock(mesh, a, b)
        elif what == "redial":
            mesh.cut(a, b)
            mesh.heal()

    def rest(self) -> None:
        """Let the nodes take what they had put off, open their letters, and send receipts."""
        for _ in range(QUIET_MINUTES):
            self.mesh.advance(limits.MINUTE)
        settle_down(self.mesh)


@pytest.mark.parametrize("seed", range(3))
def test_every_letter_is_read_once_and_its_author_hears_of_it(seed: int, heard: list[tuple[bytes, str]]) -> None:
    life = Correspondence(seed, WRITING)
    life.hurry()
    life.rest()
    mesh = life.mesh
    assert len(life.sent) > ACTS // 5
    expected = [(mesh.nodes[to].replica.device, message) for message, (_, to, _) in life.sent.items()]
    assert sorted(heard) == sorted(expected)
    assert {delivery(mesh, author, slot) for author, _, slot in life.sent.values()} == {Delivery.DELIVERED}
    assert who_holds(mesh) == set()


@pytest.mark.parametrize("seed", [0, 1, 4, 32])
def test_when_all_is_quiet_another_comparison_brings_no_letter_and_no_receipt(
    seed: int, heard: list[tuple[bytes, str]]
) -> None:
    """With blocks some letters are taken back before anybody has read them: none may stay, and none is read twice."""
    life = Correspondence(seed, BLOCKING)
    life.hurry()
    life.rest()
    mesh = life.mesh
    assert len(heard) == len(set(heard))
    assert brought_by_another_comparison(mesh) == {}


@pytest.mark.parametrize("settled", [True, False], ids=["they have settled", "they have not"])
def test_carriers_drop_a_letter_at_once_though_they_put_off_its_authors_newest_policy(*, settled: bool) -> None:
    mesh = village(70)
    mesh.cut("Bob", "Carol")
    write(mesh, "Alice", "Carol")
    mesh.settle()
    assert who_holds(mesh) == {"Alice", "Bob", "Dora"}
    for weight in range(limits.POLICY_VERSIONS_AT_ONCE + 4):
        vouch(mesh, "Alice", "Bob", 820 + weight)
        if settled:
            mesh.settle()
    withdraw_all_to(mesh.nodes["Alice"].replica, person(mesh, "Carol"))
    mesh.settle()
    assert who_holds(mesh) == set()
