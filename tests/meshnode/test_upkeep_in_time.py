"""Two real daemons: what one posts is an event at the other, what one ends is gone there, and what he renews is back."""

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


def test_what_one_posts_is_an_event_at_the_other(pair: Pair) -> None:
    alice, bob = pair
    numbers = itertools.count()
    command = words(alice, "events", "--kind", "listings", "--count", "1", "--json")
    with subprocess.Popen(command, cwd=PROJECT, env=environment(), stdout=subprocess.PIPE, text=True) as listener:

        def heard() -> bool:
            assert meshnode(bob, "offer", f"Bread {next(numbers)}").returncode == 0
            return listener.poll() is not None

        eventually(heard, "the event arrives")
        told, _ = listener.communicate()
    assert json.loads(told)["kind"] == "listings"


def test_what_one_ends_is_gone_at_the_other_and_back_when_he_renews_it(pair: Pair) -> None:
    alice, bob = pair
    assert meshnode(bob, "offer", "Drill", "--category", "tools").returncode == 0
    eventually(lambda: titles(alice) == {"Drill"}, "Alice sees it")
    assert meshnode(bob, "close", "Drill").returncode == 0
    eventually(lambda: not titles(alice), "Alice sees it no more")
    assert meshnode(bob, "renew", "Drill", "--expires", "30d").returncode == 0
    eventually(lambda: titles(alice) == {"Drill"}, "Alice sees it again")


def test_sync_says_who_is_there_and_who_is_not(pair: Pair, start: Start) -> None:
    alice, bob = pair
    (peer,) = ask(alice, "sync")["peers"]
    assert (peer["name"], peer["done"]) == ("Bob", True)
    other = ask(bob, "sync")
    assert ([peer["name"] for peer in other["peers"]], other["missing"]) == (["Alice"], [])
