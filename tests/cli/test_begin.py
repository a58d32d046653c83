"""`init` and `run`: a node is created once, starts without questions where there is no terminal, and stops on a signal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from meshnode.home import Home
from tests.cli.terminal import Terminal
from tests.cli.village import meshnode

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**{k: v for k, v in os.environ.items() if not k.startswith("MESHNODE_")}, "PYTHONPATH": str(ROOT)}


@contextmanager
def running(home: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run a daemon on the loopback interface only, without a terminal."""
    daemon = subprocess.Popen(
        [sys.executable, "-m", "meshnode", "--home", str(home), "run", "--interface", "lo", "--no-mdns", *words],
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield daemon
    finally:
        daemon.kill()
        daemon.wait()
        assert daemon.stdout is not None
        daemon.stdout.close()


def test_init_makes_a_node_and_says_where(tmp_path: Path) -> None:
    ran = meshnode("--home", str(tmp_path / "A"), "init", "--name", "Alice", "--no-input", "--place", "52.52,13.40")
    assert ran.code == 0
    assert ran.out.startswith("Welcome, Alice.")
    assert Home(tmp_path / "A").has_node
    assert (tmp_path / "A").stat().st_mode & 0o777 == 0o700


def test_a_second_init_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    meshnode("--home", str(tmp_path), "init", "--name", "Alice")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    ran = meshnode("--home", str(tmp_path), "init", "--name", "Mallory")
    assert (ran.code, ran.out) == (5, "")
    assert "There is already a node" in ran.err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    "words",
    [
        ["--name", ""],
        ["--name", "   "],
        ["--name", "x" * 65],
        ["--name", "a\x1b[2J"],
        ["--name", "\n\u200e"],
        ["--name", "a\u202eb"],
        ["--name", "\u200b"],
        ["--name", "\udcff"],
        ["--name", "Alice", "--place", "91,0"],
        ["--name", "Alice", "--audience", "everybody"],
        ["--name", "Alice", "--audience", "anyone_local"],
    ],
)
def test_an_init_that_cannot_be_makes_nothing(tmp_path: Path, words: list[str]) -> None:
    ran = meshnode("--home", str(tmp_path / "A"), "init", "--no-input", *words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
    assert not (tmp_path / "A").exists()


def test_at_a_terminal_a_name_and_one_question_are_asked(tmp_path: Path) -> None:
    with Terminal("--home", str(tmp_path / "A"), "init") as terminal:
        terminal.read_until("What is your name")
        terminal.type("Zoë")
        asked = terminal.read_until("Your choice [3]:")
        choices = asked.replace("\r", "").partition("for each post.\n")[2].split("\n")[:5]
        assert [choice.strip() for choice in choices] == [
            "1  People in your cell (those you know directly)",
            "2  People in your community",
            "3  People you're connected to through trust [default]",
            "4  Anyone nearby (within 25 km)",
            "5  Everyone on the network",
        ]
        terminal.type("4")
        terminal.read_until("Where are you")
        terminal.type("nowhere")
        terminal.read_until("Where are you")
        terminal.type("52.52,13.40")
        assert "a thief of this computer can read nothing" in terminal.read_until("(Enter for none)")
        terminal.type("")
        assert "Welcome, Zoë." in terminal.read_until("Write them down now?")
        terminal.type("")
        terminal.read_until("Start it:")
    assert Home(tmp_path / "A").has_node


def test_run_at_a_terminal_makes_a_node_says_what_to_type_and_takes_leave(tmp_path: Path) -> None:
    nowhere = {"PATH": str(tmp_path)}
    with Terminal("--home", str(tmp_path / "A"), "run", "--interface", "lo", "--no-mdns", **nowhere) as terminal:
        terminal.read_until("What is your name")
        terminal.type("Dora")
        assert "Who can see what you post?" in terminal.read_until("Your choice [3]:")
        terminal.type("")
        terminal.read_until("(Enter for none)")
        terminal.type("")
        shown = terminal.read_until("Ctrl-C stops it, and so does closing this terminal.")
        assert "on this computer only" in shown
        assert "scripts/meshnode --home" in shown  # the bare name is on no path here
        terminal.interrupt()
        assert "Stopped." in terminal.read_all()


def test_init_tells_programs_who_it_made(tmp_path: Path) -> None:
    reply = json.loads(meshnode("--home", str(tmp_path), "init", "--name", "Alice", "--json").out)
    assert reply["person"]["name"] == "Alice"
    assert reply["person"]["id"].startswith("mp1")
    assert reply["home"] == str(tmp_path)


def test_run_makes_a_node_without_asking_and_ends_when_told(tmp_path: Path) -> None:
    with running(tmp_path / "A", "--json") as daemon:
        assert daemon.stdout is not None
        reply = json.loads(daemon.stdout.readline())
        assert set(reply) == {"person", "home", "port", "addresses", "problems"}
        assert reply["addresses"]
        second = meshnode("--home", str(tmp_path / "A"), "run", "--json")
        assert (second.code, second.out) == (5, "")
        assert "already running" in second.err
        status = json.loads(meshnode("--home", str(tmp_path / "A"), "status", "--json").out)
        assert status["ready"]
        assert status["person"] == reply["person"]
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(20) == 0
    assert not Home(tmp_path / "A").socket.exists()


def test_the_first_screen_says_who_where_and_what_next(tmp_path: Path) -> None:
    home = tmp_path / "A"
    meshnode("--home", str(home), "init", "--name", "Alice")
    with running(home) as daemon:
        assert daemon.stdout is not None
        lines: list[str] = []
        while "Ctrl-C" not in (lines[-1] if lines else ""):
            lines.append(daemon.stdout.readline())
        shown = "".join(lines)
        assert "Alice (mp1" in shown
        assert "Listening on port" in shown
        assert f"meshnode --home {home} card" in shown
        daemon.send_signal(signal.SIGINT)
        assert daemon.wait(20) == 0


@pytest.mark.parametrize(
    "words",
    [
        ["--port", "99999"],
        ["--port", "high"],
        ["--peer", "nowhere"],
        ["--peer", "host:0"],
        ["--interface", " "],
        ["--passphrase-file"],
        ["surplus"],
    ],
)
def test_a_run_that_cannot_be_makes_nothing(tmp_path: Path, words: list[str]) -> None:
    ran = meshnode("--home", str(tmp_path / "A"), "run", *words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
    assert not (tmp_path / "A").exists()


def test_a_passphrase_comes_from_the_environment_and_is_not_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESHNODE_PASSPHRASE", "four walls and a roof")
    assert meshnode("--home", str(tmp_path / "A"), "init", "--name", "Alice").code == 0
    assert "MESHNODE_PASSPHRASE" not in os.environ
    assert Home(tmp_path / "A").encryption.exists()


def test_the_doctor_looks_at_the_home_even_where_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meshnode.cli.client.BEGIN_SECONDS", 0.0)
    assert "There is no node" in meshnode("--home", str(tmp_path / "none"), "doctor").out
    home = tmp_path / "A"
    meshnode("--home", str(home), "init", "--name", "Alice")
    reply = json.loads(meshnode("--home", str(home), "doctor", "--json").out)
    assert {finding["code"]: finding["well"] for finding in reply["findings"]} == {
        "home": True,
        "encryption": True,
        "disk": True,
        "running": False,
    }
    home.chmod(0o755)
    assert "chmod 700" in meshnode("--home", str(home), "doctor").out
