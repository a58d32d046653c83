"""`version` and `completion` need no node."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from meshnode import __version__
from tests.cli.village import meshnode

ROOT = Path(__file__).resolve().parents[2]


def test_the_version_is_told_to_people_and_programs() -> None:
    assert meshnode("version").out.startswith(f"meshnode {__version__} ")
    assert json.loads(meshnode("version", "--json").out)["version"] == __version__


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.shell_completion.BashComplete._check_version", lambda *_: None)
    ran = meshnode("completion", shell)
    assert ran.code == 0
    assert "_MESHNODE_COMPLETE" in ran.out
    assert json.loads(meshnode("completion", shell, "--json").out)["shell"] == shell


def test_completion_guesses_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.shell_completion.BashComplete._check_version", lambda *_: None)
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert json.loads(meshnode("completion", "--json").out)["shell"] == "fish"
    monkeypatch.setenv("SHELL", "/bin/odd")
    assert json.loads(meshnode("completion", "--json").out)["shell"] == "bash"


@pytest.mark.parametrize(
    ("typed", "word", "offered"),
    [
        ("meshnode di", 1, {"discover"}),
        ("meshnode offer x --category fo", 4, {"food"}),
        ("meshnode discover --au", 2, {"--audience"}),
    ],
)
def test_the_shell_is_offered_commands_options_and_words(typed: str, word: int, offered: set[str]) -> None:
    asked = {"_MESHNODE_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(word)}
    done = subprocess.run(
        [sys.executable, "-m", "meshnode"],
        env={**os.environ, **asked, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {line.partition(",")[2] for line in done.stdout.split()} == offered
