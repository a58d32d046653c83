"""Makes a home as a version of this program leaves it, with something of every kind in it: `python -m tests.upgrades.make_home`.

Alice's node and those of three neighbors run as a person runs them, from the checkout of that version. Her home is packed
once her node has stopped, with what her commands answered before. At each release, the home that it makes is added here.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from tests.support.waiting import eventually

HERE = Path(__file__).parent / "homes"
OTHERS = ("Bob", "Carol", "Mallory")
LEFT_OUT = {"lock", "api.sock", "web.sock"}
# What Alice is asked at the end, and each later version is asked again.
QUESTIONS = (
    "export",
    "people",
    "introductions",
    "blocks",
    "cell show",
    "mine --closed",
    "exchanges",
    "watch list",
    "peer list",
)


@dataclass(frozen=True)
class Node:
    """A person's node of that version. It reads the files of the checkout in `source`."""

    source: Path
    home: Path

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "meshnode", "--home", str(self.home), *words]

    def _options(self) -> dict[str, Any]:
        environment = {
            "PATH": os.defpath,
            "HOME": str(self.home.parent),
            "PYTHONPATH": str(self.source),
            "LC_ALL": "C.UTF-8",
        }
        return {"env": environment, "cwd": self.home.parent, "text": True}

    def __call__(self, *words: str) -> str:
        """Run a command, which must succeed; return what it prints."""
        done: subprocess.CompletedProcess[str] = subprocess.run(
            self._command(*words), capture_output=True, check=False, timeout=60, **self._options()
        )
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    def ask(self, *words: str) -> Any:
        """Return what a command answers in JSON."""
        return json.loads(self(*words, "--json"))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let the node run, on loopback alone."""
        options = ("run", "--no-input", "--no-mdns", "--interface", "no-such-interface")
        with self.home.with_suffix(".log").open("a") as log:
            daemon = subprocess.Popen(self._command(*options), stdout=log, stderr=log, **self._options())
        try:
            eventually((self.home / "api.sock").exists, f"{self.home.name} runs")
            yield
        finally:
            daemon.terminate()
            daemon.wait(20)


def live(alice: Node, others: dict[str, Node], photo: Path) -> None:
    """Do everything that leaves something in a home."""
    for name, trust in (("Bob", "0.9"), ("Carol", "0.7"), ("Mallory", "0.2")):
        alice("add", others[name]("card", "--trust", "0.8").strip(), "--trust", trust)
        eventually(lambda name=name: _knows(others[name]), f"Alice and {name} are connected")  # type: ignore[misc]
    bob, carol = others["Bob"], others["Carol"]
    alice("me", "--about", "I grow more than I eat.")
    alice("name", "Bob", "Bob from the garden")
    alice("share", "set", "--place", "52.52,13.405")
    alice("card", "--uses", "3")
    alice("peer", "add", "127.0.0.1:9")
    alice("introduce", "Bob", "Carol", "--message", "You both keep bees.")
    alice("cell", "new", "Elm Street")
    alice("cell", "invite", "Elm Street", "Bob")
    eventually(lambda: "Elm Street" in bob("inbox"), "Bob hears of the cell")
    bob("cell", "join", "Elm Street")
    alice("community", "new", "Beekeepers")
    alice("offer", "Pears", "--quantity", "4", "--unit", "boxes", "--photo", str(photo))
    alice("offer", "Ladder", "--lend", "--audience", "my_cell")
    alice("need", "Jars", "--audience", "network_wide")
    for title in ("Soup", "Rhubarb"):
        alice("offer", title)
    alice("close", "Soup")
    alice("withdraw", "Rhubarb")
    bob("offer", "Honey", "--audience", "network_wide")
    carol("offer", "Old sofa", "--audience", "network_wide")
    others["Mallory"]("offer", "Junk", "--audience", "network_wide")
    for title in ("Honey", "Old sofa"):
        eventually(lambda title=title: title in alice("discover"), f"Alice sees {title}")  # type: ignore[misc]
    alice("hide", "Old sofa")
    alice("watch", "add", "bicycle")
    eventually(lambda: "Ladder" in bob("discover"), "Bob sees the ladder")
    bob("respond", "Ladder", "--message", "For a day?")
    eventually(lambda: "Ladder" in alice("inbox"), "Alice is asked for the ladder")
    alice("accept", "Ladder")
    alice("say", "Ladder", "It stands by the door.")
    alice("respond", "Honey", "--message", "One jar?")
    eventually(lambda: "Honey" in bob("inbox"), "Bob is asked for honey")
    bob("decline", "Honey")
    eventually(lambda: "declined" in alice("exchanges"), "Alice hears that there is no honey")
    alice("block", "Mallory")


def _knows(node: Node) -> bool:
    return any(person["name"] == "Alice" for person in node.ask("people")["people"])


def make(source: Path, goal: Path) -> None:
    """Write `VERSION.tar.gz`, the home, and `VERSION.json`, what was answered and when, into `goal`."""
    with tempfile.TemporaryDirectory(prefix="meshnode-home-") as scratch:
        base = Path(scratch)
        nodes = {name: Node(source, base / name) for name in ("Alice", *OTHERS)}
        for name, node in nodes.items():
            node("init", "--name", name, "--no-input")
        photo = base / "pears.jpg"
        Image.linear_gradient("L").resize((480, 360)).convert("RGB").save(photo)
        alice, others = nodes["Alice"], {name: nodes[name] for name in OTHERS}
        with alice.running(), others["Bob"].running(), others["Carol"].running(), others["Mallory"].running():
            live(alice, others, photo)
            answers = {question: alice.ask(*question.split()) for question in QUESTIONS}
            version = alice.ask("version")["version"]
        told = {"version": version, "made": int(time.time()), "answers": answers}
        goal.mkdir(parents=True, exist_ok=True)
        (goal / f"{version}.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        _pack(alice.home, goal / f"{version}.tar.gz")


def _pack(home: Path, goal: Path) -> None:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for path in sorted(home.rglob("*")):
            if path.name not in LEFT_OUT:
                archive.add(path, str(path.relative_to(home)), recursive=False)
    goal.write_bytes(gzip.compress(plain.getvalue(), mtime=0))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make a home of the version in a checkout.")
    parser.add_argument("source", type=Path, help="the checkout")
    parser.add_argument("--into", type=Path, default=HERE)
    given = parser.parse_args()
    make(given.source.resolve(), given.into.resolve())
