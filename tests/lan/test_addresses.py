"""Nodes that meet without multicast DNS: by the addresses on a card, by --peer, by where they met before."""

from __future__ import annotations

from tests.lan.conftest import MakeLan
from tests.support.waiting import eventually


def test_a_card_leads_to_its_giver_without_multicast_dns(lan: MakeLan) -> None:
    network = lan("Alice", "Bob")
    alice, bob = network["Alice"].init(), network["Bob"].init()
    bob.daemon("--no-mdns")
    alice.daemon("--no-mdns")
    alice.meshnode("add", bob.meshnode("card").strip())
    eventually(lambda: "Bob" in alice.peers() and "Alice" in bob.peers(), "they meet")
    assert alice.ask("status")["pending"] == 0


def test_a_card_with_nothing_but_a_link_local_address_leads_to_its_giver(lan: MakeLan) -> None:
    network = lan("Alice", "Bob", ipv4=False)
    alice, bob = network["Alice"].init(), network["Bob"].init()
    bob.daemon("--no-mdns")
    alice.daemon("--no-mdns")
    alice.meshnode("add", bob.meshnode("card").strip())
    eventually(lambda: "Bob" in alice.peers(), "they meet")


def test_contacts_meet_again_where_they_met_before(lan: MakeLan) -> None:
    network = lan("Alice", "Bob")
    alice, bob = network["Alice"].init(), network["Bob"].init()
    alices, bobs = alice.daemon("--no-mdns"), bob.daemon("--no-mdns")
    alice.meshnode("add", bob.meshnode("card").strip())
    eventually(lambda: "Bob" in alice.peers() and "Alice" in bob.peers(), "they meet")
    alices.stop()
    bobs.stop()
    bob.daemon("--no-mdns")
    alice.daemon("--no-mdns")
    eventually(lambda: "Bob" in alice.peers(), "they meet again")


def test_a_peer_given_by_hand_is_tried_with_every_contact_until_one_answers(lan: MakeLan) -> None:
    network = lan("Alice", "Bob", "Carol")
    alice, bob, carol = (network[name].init() for name in ("Alice", "Bob", "Carol"))
    bobs, carols = bob.daemon("--port", "7001", "--no-mdns"), carol.daemon("--port", "7002", "--no-mdns")
    bob_card, carol_card = bob.meshnode("card").strip(), carol.meshnode("card").strip()
    bobs.stop()
    carols.stop()
    # Both moved: no address on a card is right any more.
    bob.daemon("--port", "7003", "--no-mdns")
    carol.daemon("--port", "7004", "--no-mdns")
    alice.daemon("--no-mdns", "--peer", "10.77.0.3:7004", "--peer", "10.77.0.2:7003")
    alice.meshnode("add", bob_card)
    alice.meshnode("add", carol_card)
    eventually(lambda: alice.peers() == {"Bob", "Carol"}, "Alice meets both")


def test_a_node_keeps_its_port(lan: MakeLan) -> None:
    network = lan("Alice")
    alice = network["Alice"].init()
    first = alice.daemon()
    port = first.ready()["port"]
    first.stop()
    assert alice.daemon().ready()["port"] == port


def test_an_address_given_while_a_node_runs_leads_to_a_contact_now_and_after_a_restart(lan: MakeLan) -> None:
    network = lan("Alice", "Bob", ipv6=False)
    alice, bob = network["Alice"].init(), network["Bob"].init()
    bobs = bob.daemon("--no-mdns")
    card = bob.meshnode("card").strip()
    bobs.stop()
    bobs = bob.daemon("--no-mdns", "--port", "7003")  # no address on the card is right any longer
    alices = alice.daemon("--no-mdns")
    alice.meshnode("add", card)
    assert "10.77.0.2:7003" in alice.meshnode("peer", "add", "10.77.0.2:7003")
    eventually(lambda: "Bob" in alice.peers(), "they meet")
    [given] = alice.ask("peer", "list")["addresses"]
    assert (given["address"], given["kept"], given["person"]["name"]) == ("10.77.0.2:7003", True, "Bob")
    assert "10.77.0.2:7003 (Bob)" in alice.meshnode("status")
    alices.stop()
    alice.daemon("--no-mdns")
    assert [one["address"] for one in alice.ask("status")["given"]] == ["10.77.0.2:7003"]
    eventually(lambda: "Bob" in alice.peers(), "they meet again")
    alice.meshnode("peer", "remove", "10.77.0.2:7003")
    assert alice.ask("peer", "list")["addresses"] == []


def test_what_cannot_be_an_address_gets_one_line(lan: MakeLan) -> None:
    alice = lan("Alice")["Alice"].init()
    alice.daemon("--no-mdns")
    for typed, code in (("fd00::7:4747", 2), ("pi:99999", 2), ("10.77.0.1:4747", 5)):
        alice.meshnode("peer", "add", typed, code=code)
