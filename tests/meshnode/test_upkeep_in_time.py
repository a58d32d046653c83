"""Two real daemons: a listing posted at one is an event at the other, a closed one vanishes, a renewed one returns."""

from __future__ import annotations

import itertools
import json
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import PROJECT, Start, ask, environment, meshnode, ready, words
from tests.support.waiting import eventually

Pair = tuple[Path, Path]


@pytest.fixture
def pair(home: Path, tmp_path: Path, start: Start) -> Pair:
    """Alice's and Bob's nodes, running and connected."""
    bob = tmp_path / "bob"
    assert meshnode(bob, "init", "--name", "Bob", "--no-input").returncode == 0
    for one in (home, bob):
        start(one)
        ready(one)
    assert meshnode(bob, "add", ask(home, "card")["text"]).returncode == 0
    eventually(
        lambda: all(peer["live"] for peer in ask(home, "peers")["peers"]) and vouched(home), "they are connected"
    )
    return home, bob


def vouched(home: Path) -> bool:
    return [person["name"] for person in ask(home, "people")["people"] if person["vouch_back"]] == ["Bob"]


def titles(home: Path) -> set[str]:
    return {result["title"] for result in ask(home, "discover")["results"]}


def test_a_listing_posted_at_one_is_an_event_at_the_other(pair: Pair) -> None:
    alice, bob = pair
    numbers = itertools.count()
    command = words(alice, "events", "--kind", "listings", "--count", "1", "--json")
    with subprocess.Popen(command, cwd=PROJECT, env=environment(), stdout=subprocess.PIPE, text=True) as listener:

        def event_came() -> bool:
            assert meshnode(bob, "offer", f"Bread {next(numbers)}").returncode == 0
            return listener.poll() is not None

        eventually(event_came, "the event arrives")
        output, _ = listener.communicate()
    assert json.loads(output)["kind"] == "listings"


def test_a_closed_listing_vanishes_at_the_other_and_a_renewed_one_returns(pair: Pair) -> None:
    alice, bob = pair
    assert meshnode(bob, "offer", "Drill", "--category", "tools").returncode == 0
    eventually(lambda: titles(alice) == {"Drill"}, "Alice sees it")
    assert meshnode(bob, "close", "Drill").returncode == 0
    eventually(lambda: not titles(alice), "Alice no longer sees it")
    assert meshnode(bob, "renew", "Drill", "--expires", "30d").returncode == 0
    eventually(lambda: titles(alice) == {"Drill"}, "Alice sees it again")


def test_sync_names_the_people_it_reached_and_those_it_missed(pair: Pair, start: Start) -> None:
    alice, bob = pair
    (peer,) = ask(alice, "sync")["peers"]
    assert (peer["name"], peer["done"]) == ("Bob", True)
    other = ask(bob, "sync")
    assert ([peer["name"] for peer in other["peers"]], other["missing"]) == (["Alice"], [])
