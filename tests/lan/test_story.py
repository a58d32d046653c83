"""The story of Alice, Bob and Carol on a local network: three machines, real multicast DNS, no internet."""

from __future__ import annotations

import pytest

from tests.lan.conftest import MakeLan
from tests.support.lan import Lan
from tests.support.waiting import eventually


def tell(lan: Lan) -> None:
    """Alice meets Bob, Bob meets Carol, Carol offers."""
    alice, bob, carol = (lan[name].init() for name in ("Alice", "Bob", "Carol"))
    for host in (alice, bob, carol):
        host.daemon()
    added = alice.meshnode("add", bob.meshnode("card").strip(), "--trust", "0.7")
    assert "You and Bob are connected." in added
    added = bob.meshnode("add", carol.meshnode("card").strip(), "--trust", "0.8")
    assert "You and Carol are connected." in added
    carol.meshnode("offer", "Fresh vegetables", "--category", "food", "--audience", "network_wide")


@pytest.mark.parametrize(
    "addresses", [{}, {"ipv6": False}, {"ipv4": False}], ids=["both", "IPv4 alone", "IPv6 link-local"]
)
def test_a_friend_of_a_friend_is_found_without_a_route_to_anywhere(lan: MakeLan, addresses: dict[str, bool]) -> None:
    network = lan("Alice", "Bob", "Carol", **addresses)
    for host in ("Alice", "Bob", "Carol"):
        assert "default" not in network[host].namespace.run("ip", "route").stdout
    tell(network)
    alice, bob = network["Alice"], network["Bob"]
    found = eventually(lambda: alice.finds("Fresh vegetables"), "Alice finds the vegetables")
    assert found["trust"] == 0.56
    assert found["relation"] == "trusted_friend_of_friend"
    assert found["author"]["name"] == "Carol"
    assert "Bob" in alice.meshnode("why", "Fresh vegetables")
    bob.meshnode("unvouch", "Carol")
    eventually(lambda: alice.finds("Fresh vegetables") is None, "the vegetables vanish for Alice")
