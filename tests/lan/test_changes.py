"""Networks that change while nodes run: cuts and repairs, lost packets, killed nodes, interfaces that appear late."""

from __future__ import annotations

import signal
from pathlib import Path

from meshnode.net.peer_link import ANSWER_SECONDS, FRESH_SECONDS
from tests.lan.conftest import MakeLan, need
from tests.support.lan import Daemon, Host, Lan
from tests.support.waiting import eventually

HEAL_SECONDS = 40.0  # the kernel needs up to 30 s to give up a connection that was cut


def connect(one: Host, other: Host) -> None:
    """Let `one` add the other's card, and wait until both have settled."""
    one.meshnode("add", other.meshnode("card").strip())
    eventually(lambda: other.name in one.peers() and one.name in other.peers(), f"{one.name} and {other.name} meet")


def two(network: Lan, *options: str) -> tuple[Host, Host, Daemon, Daemon]:
    """Alice and Bob with running nodes."""
    alice, bob = network["Alice"].init(), network["Bob"].init()
    return alice, bob, alice.daemon(*options), bob.daemon(*options)


def test_what_was_posted_on_both_sides_of_a_cut_is_everywhere_once_it_heals(lan: MakeLan) -> None:
    network = lan("Alice", "Bob")
    alice, bob, *_ = two(network)
    connect(alice, bob)
    network.part(["Alice"])
    alice.meshnode("offer", "Apples", "--audience", "network_wide")
    bob.meshnode("offer", "Bread", "--audience", "network_wide")
    eventually(lambda: not alice.peers() and not bob.peers(), "both notice the cut", within=HEAL_SECONDS)
    assert bob.finds("Apples") is None
    network.heal()
    eventually(lambda: bob.finds("Apples") and alice.finds("Bread"), "both offers cross", within=HEAL_SECONDS)


def test_somebody_who_is_gone_without_a_word_is_not_shown_as_connected(lan: MakeLan) -> None:
    """As when a laptop is closed: nothing is said any longer, and nobody has news that the other end would acknowledge."""
    network = lan("Alice", "Bob")
    alice, bob, *_ = two(network)
    connect(alice, bob)
    assert bob.peers() == {"Alice"}
    network.part(["Alice"])
    eventually(lambda: not bob.peers(), "Bob sees it when he looks", within=FRESH_SECONDS + 2 * ANSWER_SECONDS)
    network.heal()
    eventually(lambda: bob.peers() == {"Alice"}, "Bob sees that she is back", within=HEAL_SECONDS)


def test_a_short_cut_ends_no_connection(lan: MakeLan) -> None:
    network = lan("Alice", "Bob")
    alice, bob, alices, _ = two(network)
    connect(alice, bob)
    network.part(["Alice"])
    alice.meshnode("offer", "Apples", "--audience", "network_wide")
    network.heal()
    eventually(lambda: bob.finds("Apples"), "the offer crosses")
    assert not [line for line in alices.log("link ended") if line["code"] == "lost" and "peer" in line]


def test_a_killed_node_comes_back_with_all_it_had_and_is_found_again(lan: MakeLan) -> None:
    network = lan("Alice", "Bob")
    alice, bob, alices, _ = two(network)
    connect(alice, bob)
    alice.meshnode("offer", "Apples", "--audience", "network_wide")
    assert alices.stop(signal.SIGKILL) == -signal.SIGKILL
    eventually(lambda: not bob.peers(), "Bob notices")
    bob.meshnode("offer", "Bread", "--audience", "network_wide")
    alice.daemon()
    eventually(lambda: bob.finds("Apples") and alice.finds("Bread"), "both have both")
    assert not alice.ask("status")["problems"]


def test_a_node_says_goodbye_when_it_is_stopped(lan: MakeLan) -> None:
    network = lan("Alice", "Bob")
    alice, bob, alices, bobs = two(network)
    connect(alice, bob)
    assert alices.stop() == 0
    ended = eventually(lambda: bobs.log("link ended"), "Bob's link ends")
    assert ended[-1]["code"] == "closing"
    assert not (alice.home / "api.sock").exists()
    assert not list(alice.home.glob("*-wal"))


def test_a_network_that_loses_a_quarter_of_all_packets_only_slows_things_down(lan: MakeLan) -> None:
    need(["nft"], "nftables")
    network = lan("Alice", "Bob")
    for name in ("Alice", "Bob"):
        network[name].lose(25)
    alice, bob, *_ = two(network)
    alice.meshnode("offer", "Apples", "--audience", "network_wide")
    alice.meshnode("add", bob.meshnode("card").strip())
    eventually(lambda: bob.finds("Apples"), "the offer crosses", within=2 * HEAL_SECONDS)


def test_an_interface_that_appears_after_the_start_is_used(lan: MakeLan) -> None:
    network = lan("Alice", "Bob", plugged=False)
    alice, bob, *_ = two(network)
    assert [problem["code"] for problem in alice.ask("status")["problems"]] == ["no_network"]
    network.plug_in("Alice")
    network.plug_in("Bob")
    eventually(lambda: not alice.ask("status")["problems"] and not bob.ask("status")["problems"], "both notice")
    connect(alice, bob)


def test_an_interface_chosen_by_name_may_appear_after_the_start(lan: MakeLan) -> None:
    network = lan("Alice", "Bob", plugged=False)
    alice, bob, *_ = two(network, "--interface", "eth0")
    assert [problem["code"] for problem in alice.ask("status")["problems"]] == ["no_interface"]
    network.plug_in("Alice")
    network.plug_in("Bob")
    eventually(lambda: not alice.ask("status")["problems"] and not bob.ask("status")["problems"], "both notice")
    connect(alice, bob)


def test_a_link_that_goes_down_and_up_again_is_used_again(lan: MakeLan) -> None:
    network = lan("Alice", "Bob", ipv4=False)
    alice, bob, *_ = two(network)
    connect(alice, bob)
    alice.link("down")
    alice.meshnode("offer", "Apples", "--audience", "network_wide")
    alice.link("up")
    eventually(lambda: bob.finds("Apples"), "the offer crosses", within=HEAL_SECONDS)


def test_a_node_whose_store_was_damaged_gets_everything_back_from_a_contact(lan: MakeLan) -> None:
    network = lan("Alice", "Bob")
    alice, bob, alices, _ = two(network)
    connect(alice, bob)
    alice.meshnode("offer", "Apples", "--audience", "network_wide")
    bob.meshnode("offer", "Bread", "--audience", "network_wide")
    eventually(lambda: bob.finds("Apples"), "the offer crosses")
    alices.stop()
    damage(alice.home / "store.db")
    alice.daemon()
    eventually(lambda: alice.finds("Bread"), "Alice finds Bob's offer again")
    eventually(lambda: alice.ask("status")["person"]["name"] == "Alice", "she has her name again")
    assert [listing["title"] for listing in alice.ask("mine")["listings"]] == ["Apples"]
    alice.meshnode("offer", "Plums", "--audience", "network_wide")
    eventually(lambda: bob.finds("Plums"), "what her new device writes counts")


def damage(store: Path) -> None:
    """Flip a byte in the last page of a database."""
    content = bytearray(store.read_bytes())
    content[-2000] ^= 0xFF
    store.write_bytes(content)
