"""A firewall that drops callers is named with the line that opens it, and that line opens it."""

from __future__ import annotations

from tests.lan.conftest import MakeLan
from tests.support.waiting import eventually

SOON = 25.0  # seconds: a call that is dropped takes five, and there are two addresses


def test_a_firewall_on_both_computers_is_named_and_the_line_that_is_named_opens_it(lan: MakeLan) -> None:
    network = lan("Alice", "Bob")
    alice, bob = network["Alice"].init(), network["Bob"].init()
    for host in (alice, bob):
        host.drop()
        host.daemon()
    assert "Waiting for Bob" in alice.meshnode("add", bob.meshnode("card").strip())

    def named() -> str | None:
        problems = {problem["code"]: problem for problem in alice.ask("status")["problems"]}
        return problems["firewall"]["hint"] if "firewall" in problems else None

    line = eventually(named, "Alice's status names the firewall", within=SOON).partition("type: ")[2]
    assert not alice.findings()["firewall"]["well"]
    found = alice.findings("Bob")
    assert [found[code]["well"] for code in ("firewall", "firewall_there")] == [False, False]
    assert "Nobody has called it" in alice.findings()["listening"]["message"]
    bob.open(line)
    eventually(lambda: "Bob" in alice.peers(), "they meet once Bob has typed his line", within=SOON)
    assert "firewall" not in bob.findings()
    assert "Others have reached" in bob.findings()["listening"]["message"]


def test_a_firewall_on_the_other_computer_is_named_and_the_other_way_round_works(lan: MakeLan) -> None:
    network = lan("Alice", "Bob")
    alice, bob = network["Alice"].init(), network["Bob"].init()
    alice.drop("udp dport 5353 accept")
    alice.daemon()
    bob.daemon()
    bob.meshnode("add", alice.meshnode("card").strip())
    found = eventually(lambda: bob.findings("Alice").get("firewall_there"), "Bob's doctor names it", within=SOON)
    assert not found["well"]
    assert "adds your card" in found["hint"]
    assert "You and Bob are connected." in alice.meshnode("add", bob.meshnode("card").strip())
    assert bob.findings("Alice")["connected"]["well"]
