"""Two people who never share a network: all that they have with each other goes by a USB stick."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lan.conftest import MakeLan
from tests.support.lan import Host
from tests.support.waiting import eventually


class Stick:
    """A USB stick that somebody takes from one to the other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()

    def carry(self, giver: Host, taker: Host) -> list[dict[str, object]]:
        """Write a parcel on the giver's machine, take it in on the taker's, and empty the stick."""
        giver.meshnode("carry", "out", str(self.path))
        taken = taker.ask("carry", "in", str(self.path))["parcels"] if any(self.path.iterdir()) else []
        for file in self.path.iterdir():
            file.unlink()
        return list(taken)


@pytest.mark.promise("Two who never share a network connect and exchange")
def test_two_people_connect_agree_part_and_block_by_stick_alone(lan: MakeLan, tmp_path: Path) -> None:
    network = lan("Alice", "Carol")
    network.part(("Alice",), ("Carol",))
    alice, carol, stick = network["Alice"], network["Carol"], Stick(tmp_path / "stick")
    for host in (alice, carol):
        host.init()
        host.daemon()
    # They connect: the card goes on paper, its use and its answer by stick.
    carol.meshnode("add", alice.meshnode("card").strip())
    alice.meshnode("offer", "Vegetables", "--quantity", "3")
    assert stick.carry(carol, alice)[0]["connected"]
    assert stick.carry(alice, carol)[0]["connected"]
    stick.carry(carol, alice)
    eventually(lambda: carol.finds("Vegetables"), "Carol finds the vegetables")
    # They agree, and both say that it is done.
    exchange = carol.ask("respond", "Vegetables", "--message", "May I?")["exchange"]
    stick.carry(carol, alice)
    eventually(lambda: alice.ask("inbox")["exchanges"], "Alice is asked")
    alice.meshnode("accept", exchange)
    alice.meshnode("done", exchange)
    stick.carry(alice, carol)
    eventually(lambda: state(carol) == "agreed", "Carol may have them")
    carol.meshnode("done", exchange)
    stick.carry(carol, alice)
    eventually(lambda: state(alice) == "completed", "Alice knows that they have arrived")
    # What is taken back is gone over there with the next parcel.
    alice.meshnode("withdraw", "Vegetables")
    alice.meshnode("offer", "Bread")
    stick.carry(alice, carol)
    assert carol.finds("Vegetables") is None
    assert carol.finds("Bread")
    # A block ends it, without a word: what Carol held of Alice's goes, and her parcels are refused.
    alice.meshnode("block", "Carol")
    stick.carry(alice, carol)
    assert carol.finds("Bread") is None
    carol.meshnode("offer", "Honey")
    carol.meshnode("carry", "out", str(stick.path / "late"), "--for", "Alice")
    alice.meshnode("carry", "in", str(stick.path / "late"), code=5)
    for host in (alice, carol):
        assert host.ask("peers")["peers"] == []


def state(host: Host) -> object:
    """Return the state of somebody's one exchange."""
    return host.ask("exchanges")["exchanges"][0]["state"]
