"""`version` and `completion` need no node."""

from __future__ import annotations

import json

import pytest

from meshnode import __version__
from tests.cli.village import meshnode


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
