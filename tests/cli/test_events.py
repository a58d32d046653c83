"""`events` tells people and scripts of changes, and of the end of the node."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from meshnode.cli import client as client_module
from meshnode.cli.events import KINDS
from tests.cli.village import Village, meshnode
from tests.support.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def waiting(home: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run `meshnode events` in a process of its own."""
    command = [sys.executable, "-m", "meshnode", "--home", str(home), "events", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TZ": "UTC"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until_heard(village: Village, process: subprocess.Popen[str]) -> str:
    """Let Bob post again and again until the waiting process has ended, and return what it printed."""
    numbers = itertools.count()

    def heard() -> bool:
        village("B", "offer", f"Bread {next(numbers)}", "--audience", "network_wide")
        village.settle()
        return process.poll() is not None

    eventually(heard, "the event arrives")
    reply, _ = process.communicate()
    assert process.returncode == 0
    return reply


def test_what_a_neighbor_posts_is_an_event_here(village: Village) -> None:
    with waiting(village.homes["A"], "--kind", "listings", "--count", "1", "--json") as process:
        event = json.loads(until_heard(village, process))
    assert event["kind"] == "listings"


def test_people_are_told_in_words(village: Village) -> None:
    with waiting(village.homes["A"], "--count", "1") as process:
        assert until_heard(village, process).endswith("  listings: posts have changed\n")


def test_the_end_of_the_node_is_told(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module.Client, "follow", lambda *_: iter(()))
    ran = meshnode("--home", str(village.homes["A"]), "events")
    assert (ran.code, ran.out) == (4, "")
    assert "The node has stopped" in ran.err


def test_who_is_refused_is_told_why(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meshnode.local.feed.READERS_MAX", 0)
    ran = village("A", "events")
    assert (ran.code, ran.out) == (5, "")
    assert "are listening already" in ran.err


@pytest.mark.parametrize("words", [["--kind", "weather"], ["--count", "0"], ["--count", "many"]])
def test_a_slip_is_answered_in_one_line(village: Village, words: list[str]) -> None:
    ran = village("A", "events", *words)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)


def test_every_kind_has_its_words() -> None:
    from meshnode.app import events

    assert tuple(KINDS) == (*events.KINDS, events.RESET)
