"""A person loses every computer and comes back on a new one: by words through a friend's card, then by two friends' shares."""

from __future__ import annotations

from shlex import join
from typing import Any

import pytest

from tests.lan.conftest import MakeLan
from tests.support.lan import PROJECT, Host
from tests.support.waiting import eventually

TITLES = {"Ladder", "Soup"}


def come_back(host: Host, option: str, *lines: str) -> Host:
    """Make a node on this host with these words on its standard input, and start it."""
    typed, command = join(["printf", "%s\\n", *lines]), join(host.words("init", option))
    host.namespace.run("sh", "-c", f"{typed} | {command}", cwd=PROJECT, env=host.environment)
    host.daemon()
    return host


def connect(host: Host, giver: Host) -> None:
    host.meshnode("add", giver.meshnode("card").strip())


def titles(host: Host) -> set[str]:
    return {listing["title"] for listing in host.ask("mine")["listings"]}


def vouches(host: Host) -> dict[str, Any]:
    return {one["person"]["name"]: one["trust"] for one in host.ask("export")["vouches"]}


@pytest.mark.promise("Who loses every device comes back as the same person")
def test_alice_loses_everything_twice_and_comes_back_as_herself(lan: MakeLan) -> None:
    network = lan("Alice", "Bob", "Carol", "New", "Newer")
    alice, bob, carol = (network[name].init() for name in ("Alice", "Bob", "Carol"))
    for host in (alice, bob, carol):
        host.daemon()
    connect(bob, alice)
    connect(carol, alice)
    eventually(lambda: set(vouches(alice)) == {"Bob", "Carol"}, "Alice vouches for both")
    alice.meshnode("vouch", "Bob", "--trust", "0.7")
    for title in sorted(TITLES):
        alice.meshnode("offer", title)
    said, words = vouches(alice), alice.ask("recovery", "show")["words"]
    alice.meshnode("recovery", "set", "--friends", "Bob", "Carol", "--yes")
    eventually(lambda: bob.ask("recovery", "status")["kept"], "Bob has a share")
    eventually(lambda: carol.ask("recovery", "status")["kept"], "Carol has a share")
    eventually(lambda: all(bob.finds(title) for title in TITLES), "Bob has what Alice posted")
    eventually(lambda: all(carol.finds(title) for title in TITLES), "Carol has it too")
    alice.close()

    new = come_back(network["New"], "--recover", " ".join(words))
    assert new.ask("recovery", "status")["waiting"]
    connect(new, bob)
    eventually(lambda: titles(new) == TITLES, "Bob brings what Alice posted")
    eventually(lambda: vouches(new) == said, "and whom she trusts")
    assert new.ask("me")["name"] == "Alice"
    new.meshnode("offer", "Bread")
    eventually(lambda: carol.finds("Bread"), "Carol finds what Alice posts on the new computer")
    (lost,) = new.ask("recovery", "status")["former"]
    assert new.ask("recovery", "devices", "--lost", lost["id"])["former"] == []
    eventually(lambda: carol.finds("Bread") and carol.finds("Ladder"), "nothing is lost with the former device")
    new.close()

    shares = [" ".join(host.ask("recovery", "help", "Alice", "--yes")["words"]) for host in (carol, bob)]
    newer = come_back(network["Newer"], "--from-friends", *shares)
    connect(newer, carol)
    eventually(lambda: titles(newer) == {*TITLES, "Bread"}, "Carol brings everything")
    eventually(lambda: vouches(newer) == said, "and whom Alice trusts")
    assert len(newer.ask("recovery", "status")["former"]) == 1
