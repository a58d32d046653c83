"""Completion offers the names of people, listings and groups, and no name can become a command in the shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from meshnode.app.owner import profile
from meshnode.app.people import first_names
from meshnode.cli.completion import quoted
from tests.cli.village import Village

ROOT = Path(__file__).resolve().parents[2]


def offered(home: Path, *words: str, shell: str = "zsh") -> list[str]:
    """Return what is offered for the last of these words; zsh gets three lines for each offer."""
    asked = {
        "_MESHNODE_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": " ".join(["meshnode", *words]),
        "COMP_CWORD": str(len(words)),
        "MESHNODE_HOME": str(home),
    }
    done = subprocess.run(
        [sys.executable, "-m", "meshnode"],
        env={**os.environ, **asked, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()[1::3]


@pytest.fixture
def alices(village: Village) -> Path:
    """Return Alice's home, which holds listings, groups and an exchange."""
    village("A", "offer", "Red chair", "--audience", "network_wide")
    village("A", "offer", "Soup")
    village("A", "close", "Soup")
    village("C", "offer", "Fresh vegetables", "--audience", "network_wide")
    village.settle()
    village("A", "cell", "new", "Elm Street")
    village("A", "community", "new", "Downtown")
    village("B", "cell", "new", "Oak")
    village("B", "cell", "invite", "Oak", "Alice")
    village.settle()
    village("C", "respond", "Red", "--message", "May I?")
    village.settle()
    village("A", "block", "Bob")
    village("A", "unblock", "Bob")
    village.settle()
    return village.homes["A"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["person", "B"], ["Bob"]),
        (["vouch", "car"], ["Carol"]),
        (["introduce", "Bob", "C"], ["Carol"]),
        (["doctor", "B"], ["Bob"]),
        (["show", "re"], ["Red chair"]),
        (["show", "fresh\\ v"], ["Fresh vegetables"]),
        (["why", "fr"], ["Fresh vegetables"]),
        (["edit", ""], ["Red chair"]),
        (["withdraw", "F"], []),
        (["renew", "s"], ["Soup"]),
        (["cell", "leave", ""], ["Elm Street"]),
        (["community", "leave", ""], ["Downtown"]),
        (["cell", "join", ""], ["Oak"]),
        (["cell", "invite", "Elm", "b"], ["Bob"]),
        (["cell", "new", ""], []),
        (["accept", "r"], ["Red chair"]),
        (["exchanges", ""], ["Red chair"]),
        (["returned", ""], []),
        (["unblock", "B"], []),
        (["person", "Z"], []),
    ],
)
def test_names_are_offered_where_names_are_wanted(alices: Path, words: list[str], names: list[str]) -> None:
    assert offered(alices, *words) == names


def test_an_id_is_gone_on_with_where_no_name_begins_so(village: Village) -> None:
    village("A", "offer", "Red chair")
    (line,) = village("A", "mine").out.splitlines()
    (whole,) = offered(village.homes["A"], "show", line.split("\t")[1])
    assert whole.startswith(line.split("\t")[1])


def test_without_a_node_or_a_daemon_nothing_is_offered_and_nothing_said(tmp_path: Path) -> None:
    assert offered(tmp_path / "none", "person", "B") == []
    (tmp_path / "some").mkdir(mode=0o700)
    (tmp_path / "some" / "identity.key").touch(mode=0o600)
    assert offered(tmp_path / "some", "person", "B") == []


HOSTILE = [
    "Bob; touch broken",
    "Bob $(touch broken)",
    "Bob `touch broken`",
    "Bob 'and' \"friends\" & > broken",
    "Bob \\ * ? [a-z] {a,b} ~ #",
    "Bobé 名前",
]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("begun", ["B", '"B', "'B"])
def test_in_bash_a_name_is_one_word_and_never_a_command(
    village: Village, tmp_path: Path, name: str, begun: str
) -> None:
    profile.set_profile(village.replicas["B"], name=name)
    village.settle()
    first_names.take_over(village.replicas["A"], village.replicas["B"].me)
    program = tmp_path / "meshnode"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m meshnode "$@"\n')
    program.chmod(0o755)
    script = """
        eval "$(meshnode completion bash)"
        COMP_WORDS=(meshnode person "$BEGUN") COMP_CWORD=2
        _meshnode_completion meshnode
        case $BEGUN in [\\"\\']*) quote=${BEGUN:0:1} ;; esac
        [ "${#COMPREPLY[@]}" = 1 ] && eval "printf '<%s>' $quote${COMPREPLY[0]}$quote"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=tmp_path,
        env={
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "MESHNODE_HOME": str(village.homes["A"]),
            "BEGUN": begun,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (f"<{name}>", "")
    assert not (tmp_path / "broken").exists()


def test_what_needs_no_quotes_gets_none() -> None:
    assert quoted("Bob", "B") == "Bob"
    assert quoted("Red chair", "R") == "Red\\ chair"
