"""The help of every command is whole and has examples that can be typed, and tables keep ids in one piece."""

from __future__ import annotations

import io
import json
import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshnode import __version__
from meshnode.cli import output
from meshnode.cli.command import Settings
from meshnode.cli.commands import TABLE
from meshnode.cli.commands import meshnode as program
from meshnode.cli.demo import DemoRun
from meshnode.cli.table import WHOLE_LETTERS
from meshnode.text.examples import EXAMPLES
from tests.cli.village import meshnode

CALLED = re.compile(
    r'^(?:eval "\$\()?meshnode ?([^)>]*)'
)  # the call in an example, without what the shell does with it
TERMINAL_COLUMNS = 80


def every_command() -> Iterator[tuple[str, click.Command]]:
    """Yield the program, every command and every command of a group, by its name after `meshnode`."""
    waiting: list[tuple[str, click.Command]] = [("", program)]
    while waiting:
        name, command = waiting.pop()
        yield name, command
        if isinstance(command, click.Group):
            context = click.Context(command)
            for inner in command.list_commands(context):
                found = command.get_command(context, inner)
                assert found is not None
                waiting.append((f"{name} {inner}".strip(), found))


COMMANDS = dict(every_command())


def help_of(name: str) -> str:
    """Return the help of a command as a terminal of 80 columns shows it."""
    ran = meshnode(*name.split(), "--help")
    assert ran.code == 0
    return ran.out


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_no_line_of_help_is_cut_off(name: str) -> None:
    usage, _, rest = help_of(name).partition("\n\n")
    assert usage.startswith("Usage: meshnode")
    assert not [line for line in rest.splitlines() if line.rstrip().endswith("...")]


def test_every_command_has_examples_and_every_example_a_command() -> None:
    assert len(COMMANDS) > 65
    assert EXAMPLES.keys() == COMMANDS.keys()
    assert all(EXAMPLES.values())


@pytest.mark.parametrize(("name", "line"), [(name, line) for name in EXAMPLES for line in EXAMPLES[name]])
def test_an_example_is_shown_and_the_program_understands_it(name: str, line: str) -> None:
    assert f"  {line}\n" in help_of(name)
    called = CALLED.match(line)
    assert called is not None
    words = shlex.split(called[1])
    command: click.Command = program
    context = command.make_context("meshnode", words, obj=Settings())
    taken: list[str] = []
    while isinstance(command, click.Group) and (rest := [*context._protected_args, *context.args]):
        word, inner, rest = command.resolve_command(context, rest)
        assert word is not None
        assert inner is not None
        taken.append(word)
        command, context = inner, inner.make_context(word, rest, parent=context)
    assert " ".join(taken).startswith(name)


@pytest.mark.parametrize(
    "words", [["--version"], ["--version", "--json"], ["--json", "--version"], ["--version", "sync"]]
)
def test_the_version_is_also_an_option(words: list[str]) -> None:
    ran = meshnode(*words)
    assert (ran.code, ran.err) == (0, "")
    shown = json.loads(ran.out)["version"] if "--json" in words else ran.out.split()[1]
    assert shown == __version__


@pytest.mark.parametrize("name", sorted(name for names in TABLE.values() for name in names))
def test_a_command_with_a_slip_of_the_finger_is_guessed(name: str) -> None:
    slip = name[:-1] + name[-1] * 2
    ran = meshnode(slip)
    assert ran.code == 2
    assert ran.err.count("\n") == 1
    assert "Did you mean" in ran.err
    assert f"'{name}'" in ran.err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["offer", "x", "--categry", "food"], "--category"),
        (["cell", "invit"], "invite"),
        (["--versoin"], "--version"),
        (["discover", "--whithin", "5km"], "--within"),
    ],
)
def test_options_and_commands_in_groups_are_guessed_too(words: list[str], meant: str) -> None:
    ran = meshnode(*words)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert f"'{meant}'" in ran.err


IDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=8, max_size=WHOLE_LETTERS)
LONG = st.text("abc déf  x", min_size=0, max_size=120)


@given(st.lists(st.tuples(LONG, IDS, LONG, IDS, LONG, LONG), min_size=1, max_size=4))
def test_a_table_at_eighty_columns_shows_every_id_in_one_piece(rows: list[tuple[str, ...]]) -> None:
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as shown:
        patch.setattr(output, "to_terminal", lambda: True)
        patch.setenv("COLUMNS", str(TERMINAL_COLUMNS))
        patch.setenv("NO_COLOR", "1")
        output.table(("name", "id", "address", "type", "certified until", "state"), rows, empty="")
    lines = shown.getvalue().splitlines()
    assert all(len(line) <= TERMINAL_COLUMNS for line in lines)
    for row in rows:
        assert any({row[1], row[3]} <= set(line.split()) for line in lines)


def test_the_demo_shows_columns_apart_and_no_sign_for_a_tab(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(DemoRun, "ask", lambda *_: "1. Fresh vegetables\toffer, food")
    DemoRun(tmp_path, quiet=False).type("discover")
    assert capsys.readouterr().out == "  $ meshnode discover\n    1. Fresh vegetables  offer, food\n"
