"""Two communities on two separate networks, with Bob in both: an offer crosses only where trust does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.lan.conftest import MakeLan
from tests.support.lan import Daemon, Host, Lan
from tests.support.waiting import WITHIN_SECONDS, eventually

WEST, EAST = ("Alice", "Adam"), ("Carol", "Cleo")
SOON = 2.0  # seconds from a revocation's arrival to its effect


class TwoNetworks:
    """Alice and Adam in the west, Carol and Cleo in the east, Bob in between: all run, all neighbors trust each other."""

    def __init__(self, network: Lan) -> None:
        self.network = network
        network.part((*WEST, "Bob"), EAST)
        network.join("Bob", 2)
        self.daemons: dict[str, Daemon] = {}
        for name in (*WEST, "Bob", *EAST):
            network[name].init()
            self.daemons[name] = network[name].daemon()
        for one, other in (("Alice", "Bob"), ("Bob", "Carol"), ("Alice", "Adam"), ("Carol", "Cleo")):
            network[one].meshnode("add", network[other].meshnode("card", "--trust", "0.9").strip(), "--trust", "0.9")
            self.meet(one, other)

    def __getitem__(self, name: str) -> Host:
        return self.network[name]

    def community(self, name: str, founder: str, *others: str) -> None:
        """A community of these people."""
        self[founder].meshnode("community", "new", name)
        for other in others:
            self[founder].meshnode("community", "invite", name, other)
            self.hears_of_it(other)
            self[other].meshnode("community", "join", name)

    def meet(self, one: str, other: str) -> None:
        """Wait until these two are in touch."""
        eventually(lambda: other in self[one].peers() and one in self[other].peers(), f"{one} and {other} meet")

    def hears_of_it(self, name: str) -> None:
        """Wait until somebody has an invitation."""
        eventually(lambda: self[name].ask("community", "show")["invitations"], f"{name} is invited")

    def sleep(self, name: str) -> None:
        """Stop somebody's node."""
        self.daemons[name].stop()

    def wake(self, name: str) -> None:
        """Start it again."""
        self.daemons[name] = self[name].daemon()

    def carries_more(self, name: str, act: Callable[[], Any]) -> Any:
        """Do something that gives somebody one more record to carry, and wait until they carry it."""
        before = self[name].ask("status")["records"]
        done = act()
        eventually(lambda: self[name].ask("status")["records"] > before, f"{name} carries it")
        return done

    def is_in(self, name: str, state: str) -> bool:
        """Whether somebody's one exchange is in this state."""
        return [exchange["state"] for exchange in self[name].ask("exchanges")["exchanges"]] == [state]


@pytest.fixture
def land(lan: MakeLan) -> TwoNetworks:
    """The five of them."""
    return TwoNetworks(lan("Alice", "Adam", "Bob", "Carol", "Cleo"))


@pytest.mark.promise("Cross-community exchanges tracked for metrics")
@pytest.mark.promise("SHALL use trust paths for cross-community discovery")
def test_an_offer_crosses_because_trust_does_and_an_exchange_completes_between_two_who_never_meet(
    land: TwoNetworks,
) -> None:
    """Alice and Carol are never awake at the same time. Bob carries everything and is asked for nothing."""
    land.community("Westend", "Alice", "Adam", "Bob")
    land.community("Eastend", "Carol", "Cleo", "Bob")
    land["Carol"].meshnode("offer", "Ladder", "--audience", "trusted_network", "--quantity", "1")
    land["Cleo"].meshnode("offer", "Choir", "--audience", "my_community")
    found = eventually(lambda: land["Alice"].finds("Ladder"), "the ladder crosses")
    assert found["trust"] == 0.81
    eventually(lambda: land["Bob"].finds("Choir"), "Bob is in Cleo's community")
    assert land["Alice"].finds("Choir") is None
    assert "Carol" not in land["Alice"].peers()
    alice, bob, carol = land["Alice"], land["Bob"], land["Carol"]
    land.sleep("Carol")
    exchange = land.carries_more("Bob", lambda: alice.ask("respond", "Ladder", "--message", "May I?"))["exchange"]
    land.sleep("Alice")
    land.wake("Carol")
    eventually(lambda: land.is_in("Carol", "requested"), "Carol is asked")
    assert carol.ask("inbox")["exchanges"][0]["messages"][0]["text"] == "May I?"
    land.meet("Bob", "Carol")
    land.carries_more("Bob", lambda: carol.meshnode("accept", exchange))
    land.carries_more("Bob", lambda: carol.meshnode("done", exchange))
    land.sleep("Carol")
    land.wake("Alice")
    eventually(lambda: land.is_in("Alice", "agreed"), "Alice hears that she may")
    land.meet("Alice", "Bob")
    land.carries_more("Bob", lambda: alice.meshnode("done", exchange))
    assert land.is_in("Alice", "completed")
    land.sleep("Alice")
    land.wake("Carol")
    eventually(lambda: land.is_in("Carol", "completed"), "Carol hears that it is done")
    land.wake("Alice")
    for host in (alice, carol):
        counted = host.ask("stats")
        assert [counted[part] for part in ("completed", "cross_community", "within_community", "unknown")] == [
            1,
            1,
            0,
            0,
        ]
    assert bob.ask("exchanges")["exchanges"] == []


@pytest.mark.promise("Block lists respected network-wide")
@pytest.mark.promise("SHALL respect block lists across communities")
def test_a_block_on_one_side_holds_through_everybody_in_between(land: TwoNetworks) -> None:
    """Adam, who is Bob's friend too, has Cleo's offers and is connected to Alice, who gets none of them."""
    adam, alice, bob, cleo = land["Adam"], land["Alice"], land["Bob"], land["Cleo"]
    adam.meshnode("add", bob.meshnode("card", "--trust", "0.9").strip(), "--trust", "0.9")
    cleo.meshnode("offer", "Beans", "--audience", "network_wide")
    alice.meshnode("offer", "Bread", "--audience", "network_wide")
    sees(alice, "Beans")
    sees(cleo, "Bread")
    cleo.meshnode("block", "Alice")
    sees(alice)
    sees(cleo)
    cleo.meshnode("offer", "Cabbage", "--audience", "network_wide")
    sees(adam, "Beans", "Bread", "Cabbage")
    assert "Alice" in adam.peers()
    sees(bob, "Beans", "Bread", "Cabbage")
    sees(alice)
    assert alice.ask("discover")["hidden"] == 0


@pytest.mark.promise("Resources flow organically based on trust")
def test_a_bridge_that_is_revoked_ends_sight_everywhere_at_once(land: TwoNetworks) -> None:
    """Bob takes back the vouch for Carol: within two seconds nobody sees the people of the other network."""
    offers = {"Alice": "Bread", "Adam": "Apples", "Carol": "Ladder", "Cleo": "Beans"}
    for name, title in offers.items():
        land[name].meshnode("offer", title, "--audience", "network_wide")
    for name, title in offers.items():
        sees(land[name], *(set(offers.values()) - {title}))
    land["Bob"].meshnode("unvouch", "Carol")
    for name, left in {"Alice": "Apples", "Adam": "Bread", "Carol": "Beans", "Cleo": "Ladder"}.items():
        sees(land[name], left, within=SOON)


def sees(host: Host, *titles: str, within: float = WITHIN_SECONDS) -> None:
    """Wait until somebody is shown exactly these."""

    def look() -> bool:
        return {result["title"] for result in host.ask("discover")["results"]} == set(titles)

    eventually(look, f"{host.name} sees {titles or 'nothing'}", within=within)
