"""`wipe` removes the node from this computer after its name was typed; the last device says goodbye to those in reach."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal
from tests.cli.village import Ran
from tests.cli.village import meshnode as run
from tests.support.processes import ask, meshnode, ready
from tests.support.processes import start_daemon as start


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home with Alice's node, which does not run."""
    assert run("--home", str(tmp_path / "alice"), "init", "--name", "Alice", "--no-input").code == 0
    return tmp_path / "alice"


def wipe(home: Path, *words: str) -> Ran:
    return run("--home", str(home), "wipe", *words)


def test_a_node_that_does_not_run_is_removed_and_it_is_said_that_nobody_is_told(home: Path) -> None:
    done = wipe(home, "--name", "Alice")
    assert done.code == 0
    assert done.out == "The node is removed from this computer.\n"
    assert "nobody can be told now" in done.err
    assert "Others learn of it" not in done.err
    assert not home.exists()


@pytest.mark.parametrize(("words", "code"), [((), 5), (("--json",), 5), (("--name", "alice"), 2), (("--name", ""), 2)])
def test_without_the_right_name_nothing_is_removed(home: Path, words: tuple[str, ...], code: int) -> None:
    before = sorted(path.name for path in home.iterdir())
    done = wipe(home, *words)
    assert done.code == code
    assert sorted(path.name for path in home.iterdir()) == before


def test_a_home_without_a_node_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    assert wipe(tmp_path, "--name", "Alice").code == 3
    assert (tmp_path / "precious").exists()


def test_the_name_is_asked_for_at_a_terminal(home: Path) -> None:
    with Terminal("--home", str(home), "wipe") as terminal:
        terminal.read_until("To go on, type your name (Alice):")
        terminal.type("Alice")
        assert "The node is removed from this computer." in terminal.read_all()
    assert not home.exists()


def test_a_node_whose_store_cannot_be_opened_is_removed_too(home: Path) -> None:
    (home / "device.key").write_bytes(b"")
    done = wipe(home, "--name", home.name)
    assert done.code == 0
    assert "! This node cannot be opened, so nobody can be told." in done.err
    assert not home.exists()


def test_a_node_whose_passphrase_is_missing_or_wrong_is_not_said_to_be_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "alice"
    monkeypatch.setenv("MESHNODE_PASSPHRASE", "four walls and a roof")
    assert run("--home", str(home), "init", "--name", "Alice", "--no-input").code == 0
    for given, why in ((None, "is encrypted"), ("another one", "That is not the passphrase.")):
        if given is not None:
            monkeypatch.setenv("MESHNODE_PASSPHRASE", given)
        done = wipe(home, "--name", "Alice")
        assert done.code == 2
        assert why in done.err.splitlines()[1]
        assert home.exists()
    monkeypatch.setenv("MESHNODE_PASSPHRASE", "four walls and a roof")
    assert "The node does not run" in wipe(home, "--name", "Alice").err
    assert not home.exists()


def test_a_node_that_runs_says_goodbye_stops_and_is_removed(tmp_path: Path) -> None:
    alice, bob = tmp_path / "alice", tmp_path / "bob"
    daemons = []
    try:
        for home, name in ((alice, "Alice"), (bob, "Bob")):
            assert meshnode(home, "init", "--name", name, "--no-input").returncode == 0
            daemons.append(start(home))
            ready(home)
        card = ask(bob, "card")["text"]
        assert ask(alice, "add", card)["met"]
        ask(alice, "offer", "Ladder", "--audience", "network_wide")
        assert [one["title"] for one in ask(bob, "sync") and ask(bob, "discover")["results"]] == ["Ladder"]
        done = meshnode(alice, "wipe", "--name", "Alice", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["told"] == ["Bob"]
        assert daemons[0].wait(10) == 0
        assert not alice.exists()
        assert ask(bob, "discover")["results"] == []
    finally:
        for daemon in daemons:
            daemon.kill()
            daemon.wait()
        shutil.rmtree(alice, ignore_errors=True)
