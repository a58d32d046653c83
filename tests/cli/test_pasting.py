"""A card or a device code may be pasted in any number of lines, and nothing of it is left for the shell to run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from protocol.tokens import Card
from tests.cli.terminal import Terminal
from tests.cli.village import Village, meshnode

ROOT = Path(__file__).resolve().parents[2]
ASKED = "Paste the card here. It may have several lines."
UNFINISHED = "This card is not complete."


def in_lines(card: str, letters: int) -> list[str]:
    return [card[start : start + letters] for start in range(0, len(card), letters)]


def card_of(village: Village) -> str:
    return village("C", "card").out.strip()


@pytest.mark.parametrize("letters", [1_000, 72, 40, 7])
def test_a_card_is_asked_for_and_read_to_its_end_in_any_number_of_lines(village: Village, letters: int) -> None:
    card = card_of(village)
    with Terminal("--home", str(village.homes["A"]), "add", "--trust", "0.6") as terminal:
        terminal.read_until(ASKED)
        for line in in_lines(card, letters):
            terminal.type(line)
        shown = terminal.read_all()
    assert "You trust Carol (0.6)." in shown


def test_a_card_may_come_in_upper_case_after_empty_lines_and_indented(village: Village) -> None:
    with Terminal("--home", str(village.homes["A"]), "add") as terminal:
        terminal.read_until(ASKED)
        for line in ("", "", *(f"   {line}  " for line in in_lines(card_of(village).upper(), 60))):
            terminal.type(line)
        assert "You trust Carol (0.8)." in terminal.read_all()


def test_the_rest_of_a_card_whose_first_line_was_typed_is_read_too(village: Village) -> None:
    first, *rest = in_lines(card_of(village), 100)
    with Terminal("--home", str(village.homes["A"]), "add", first) as terminal:
        terminal.read_until(UNFINISHED)
        for line in rest:
            terminal.type(line)
        assert "You trust Carol (0.8)." in terminal.read_all()


def test_an_empty_line_ends_a_card_that_never_becomes_whole(village: Village) -> None:
    with Terminal("--home", str(village.homes["A"]), "add", card_of(village)[:-3]) as terminal:
        terminal.read_until(UNFINISHED)
        terminal.type("")
        assert "meshnode: " in terminal.read_all()
    assert "Carol" not in village("A", "people").out


def test_a_name_is_one_line(village: Village) -> None:
    with Terminal("--home", str(village.homes["A"]), "add") as terminal:
        terminal.read_until(ASKED)
        terminal.type("Nobody")
        assert "meshnode: " in terminal.read_all()


def test_what_was_pasted_after_the_card_never_reaches_the_shell(village: Village, tmp_path: Path) -> None:
    """A shell at the same terminal runs `add`, and would run what `add` leaves unread."""
    ran = tmp_path / "ran"
    card = card_of(village)
    lines = [*in_lines(card, 80), f"touch {ran}", f"touch {ran}"]
    leader, follower = os.openpty()
    program = f'"{sys.executable}" -m meshnode --home "{village.homes["A"]}" add; while read -t 1 line; do $line; done'
    with subprocess.Popen(
        ["bash", "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=follower,
        text=True,
    ) as shell:
        os.close(follower)
        os.write(leader, ("\n".join(lines) + "\n").encode())
        assert shell.stdout is not None
        shown = shell.stdout.read()
    os.close(leader)
    assert "You trust Carol (0.8)." in shown
    assert not ran.exists()


@pytest.mark.parametrize(
    "words", [("add",), ("add", "--no-input"), ("device", "join"), ("device", "join", "--no-input")]
)
def test_where_nobody_can_be_asked_one_line_says_what_to_do(words: tuple[str, ...], tmp_path: Path) -> None:
    ran = meshnode("--home", str(tmp_path), *words)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "Paste the text that" in ran.err


def test_with_no_input_nothing_is_asked_at_a_terminal_either(village: Village) -> None:
    for words in (("add",), ("add", card_of(village)[:-3])):
        with Terminal("--home", str(village.homes["A"]), "--no-input", *words) as terminal:
            shown = terminal.read_all()
        assert shown.count("\n") == 1
        assert "Paste the rest" not in shown


def test_a_device_code_is_read_in_lines_too(village: Village, tmp_path: Path) -> None:
    code = village("A", "device", "add", "--name", "Pi").out.strip()
    home = str(tmp_path / "pi")
    with Terminal("--home", home, "device", "join", "--no-mdns", "--wait", "1m", "--interface", "lo") as terminal:
        terminal.read_until("Paste the code here.")
        for line in in_lines(code, 60):
            terminal.type(line)
        terminal.read_until("(Enter for none)")  # the code was whole, and a passphrase may be chosen
        terminal.type("")
        terminal.read_until("Trying")
        terminal.interrupt()
        terminal.read_all()


def test_the_card_of_a_pipe_is_still_its_text_alone(village: Village) -> None:
    assert Card.parse(card_of(village)).name == "Carol"


@pytest.mark.parametrize("how", ["argument", "pipe"])
def test_a_card_as_an_argument_works_with_a_warning_and_from_a_pipe_without_one(village: Village, how: str) -> None:
    card, home = card_of(village), village.homes["A"]
    words = [sys.executable, "-m", "meshnode", "--home", str(home), "add", card if how == "argument" else "-"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    ran = subprocess.run(words, input=card, capture_output=True, text=True, env=environment, check=True, timeout=60)
    assert "You trust Carol" in ran.stdout
    assert ran.stderr.count("\n") == (how == "argument")
    assert ("Other users of this computer" in ran.stderr) is (how == "argument")


def test_no_line_that_the_program_shows_puts_a_secret_behind_a_command(village: Village) -> None:
    for words in (("card",), ("device", "add")):
        with Terminal("--home", str(village.homes["A"]), *words) as terminal:
            shown = ""
            if words != ("card",):  # that one ends by itself; interrupted, it might not show the card yet
                shown = terminal.read_until("Waiting for the other")
                terminal.interrupt()
            shown += terminal.read_all()
        lines = [line for line in shown.splitlines() if "mesh1" in line or "mdev1" in line]
        assert len(lines) == 1
        assert lines[0].startswith(("mesh1", "mdev1"))
