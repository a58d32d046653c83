"""A network that loses half of everything in both directions, as bad radio does: people still meet, and posts arrive."""

from __future__ import annotations

from tests.lan.conftest import MakeLan, need
from tests.support.waiting import eventually

BOUND = 60.0  # seconds: without loss it takes one or two


def test_fault_31_two_who_lose_half_of_all_packets_both_ways_meet_and_pass_on_posts(lan: MakeLan) -> None:
    """Fault 31. A post written after the two have met waits for nothing but the packets that get through."""
    need(["nft"], "nftables")
    network = lan("Alice", "Bob")
    alice, bob = network["Alice"].init(), network["Bob"].init()
    for host in (alice, bob):
        host.lose(50)
        host.daemon()
    alice.meshnode("add", bob.meshnode("card").strip())
    eventually(lambda: "Bob" in alice.peers() and "Alice" in bob.peers(), "they meet", within=BOUND)
    bob.meshnode("offer", "Apples")
    eventually(lambda: alice.finds("Apples"), "the post arrives", within=BOUND)
