"""`init --recover` and `recovery`: the words are shown where the key is, checked, and bring the same person back."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import click
import pytest

from meshnode.cli.commands import TABLE
from meshnode.cli.commands import meshnode as program
from meshnode.encryption import unlocked
from meshnode.home import Home
from meshnode.keyring import Keyring
from meshnode.recovery.shares import split
from meshnode.recovery.words import WORDS, words_of
from meshnode.text import recovery as text
from protocol import IdentityKeys
from tests.cli.terminal import Terminal
from tests.cli.village import Ran, Village, meshnode

PASSPHRASE = "four walls and a roof"


def with_input(monkeypatch: pytest.MonkeyPatch, typed: str, *words: str) -> Ran:
    """Run a command that finds `typed` on its standard input, which is a pipe."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    return meshnode(*words)


def node(home: Path) -> tuple[str, list[str]]:
    """Make a node in `home`; return the person's id and their words."""
    made = json.loads(meshnode("--home", str(home), "init", "--name", "Alice", "--json").out)
    words = json.loads(meshnode("--home", str(home), "recovery", "show", "--json").out)["words"]
    return made["person"]["id"], words


def numbered(words: list[str], *places: int) -> str:
    return "".join(f"{place} {words[place - 1]}\n" for place in places)


def test_the_words_of_one_node_make_another_device_of_the_same_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, words = node(tmp_path / "A")
    assert len(words) == WORDS
    back = with_input(monkeypatch, " ".join(words).upper(), "--home", str(tmp_path / "B"), "init", "--recover")
    assert back.code == 0
    assert person in back.out
    _, start, then_add = back.out.splitlines()
    assert start.startswith("Start it: ")
    assert then_add.endswith("meshnode add")
    one, other = Keyring.open(Home(tmp_path / "A")), Keyring.open(Home(tmp_path / "B"))
    assert one.person == other.person
    assert one.device.device_id != other.device.device_id
    open_now = json.loads(meshnode("--home", str(tmp_path / "B"), "recovery", "status", "--json").out)
    assert open_now["waiting"]
    assert open_now["words_confirmed"]  # they were just typed


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "These are 0 words"),
        ("abandon ability", "These are 2 words"),
        ("abandom", "Did you mean abandon"),
        ("abandon " * 24, "together they are not recovery words"),
    ],
)
def test_wrong_words_make_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, said: str) -> None:
    refused = with_input(monkeypatch, typed, "--home", str(tmp_path / "B"), "init", "--recover")
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.err
    assert refused.err.count("\n") == 1
    assert not (tmp_path / "B").exists()


@pytest.mark.parametrize("more", [["--name", "Alice"], ["--audience", "my_cell"], ["--place", "52.5,13.4"]])
def test_nothing_else_is_chosen_when_one_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: list[str]
) -> None:
    refused = with_input(monkeypatch, "", "--home", str(tmp_path / "B"), "init", "--recover", *more)
    assert refused.code == 2
    assert not (tmp_path / "B").exists()


def test_nobody_comes_back_into_a_home_with_a_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, words = node(tmp_path)
    before = Home(tmp_path).identity_key.read_bytes()
    assert with_input(monkeypatch, " ".join(words), "--home", str(tmp_path), "init", "--recover").code == 5
    assert Home(tmp_path).identity_key.read_bytes() == before


def test_three_right_words_end_the_reminder_and_wrong_ones_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, words = node(tmp_path)
    for typed in ("", numbered(words, 1, 2), "1 zoo\n2 zoo\n3 zoo\n", "one word\n", "1\n"):
        assert with_input(monkeypatch, typed, "--home", str(tmp_path), "recovery", "confirm").code == 2
    assert "not written down" in meshnode("--home", str(tmp_path), "recovery", "status").out
    confirmed = with_input(monkeypatch, numbered(words, 24, 2, 7), "--home", str(tmp_path), "recovery", "confirm")
    assert confirmed.code == 0
    assert "are written down" in meshnode("--home", str(tmp_path), "recovery", "status").out


def test_the_words_are_shown_where_the_key_is_and_with_its_passphrase_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESHNODE_PASSPHRASE", PASSPHRASE)
    meshnode("--home", str(tmp_path), "init", "--name", "Alice")
    locked = meshnode("--home", str(tmp_path), "recovery", "show")
    assert (locked.code, locked.out) == (2, "")
    assert "is encrypted" in locked.err
    monkeypatch.setenv("MESHNODE_PASSPHRASE", "not this one")
    assert meshnode("--home", str(tmp_path), "recovery", "show").code == 5
    monkeypatch.setenv("MESHNODE_PASSPHRASE", PASSPHRASE)
    shown = meshnode("--home", str(tmp_path), "recovery", "show")
    identity = Keyring.open(unlocked(Home(tmp_path), PASSPHRASE)).identity
    assert identity is not None
    assert shown.out.split() == list(words_of(identity.seed))


def test_words_are_no_argument_of_any_command() -> None:
    group = program.get_command(click.Context(program), "recovery")
    assert isinstance(group, click.Group)
    assert "recovery" in TABLE["devices"]
    for name in ("show", "confirm", "status"):
        assert not [each for each in group.commands[name].params if isinstance(each, click.Argument)]


def test_at_a_terminal_init_offers_the_words_once_and_recover_asks_until_they_are_right(tmp_path: Path) -> None:
    with Terminal("--home", str(tmp_path / "A"), "init", "--name", "Zoe", "--audience", "my_cell") as terminal:
        terminal.read_until("(Enter for none)")
        terminal.type("")
        terminal.read_until("Write them down now?")
        terminal.type("y")
        table = terminal.read_until("Press Enter when you have written them down")
        terminal.type("")
        terminal.read_until("Start it:")
    seed = Keyring.open(Home(tmp_path / "A")).identity
    assert seed is not None
    words = words_of(seed.seed)
    assert all(word in table for word in words)
    with Terminal("--home", str(tmp_path / "B"), "init", "--recover") as terminal:
        terminal.read_until("Type your 24 recovery words")
        terminal.type(" ".join(["xyzzy", *words[1:]]))
        terminal.read_until("Word 1")
        terminal.read_until("Type your 24 recovery words")
        for row in range(0, WORDS, 4):  # as the table on the paper has them
            terminal.type("  ".join(f"{row + place} {word[:4]}" for place, word in enumerate(words[row : row + 4], 1)))
        terminal.read_until("(Enter for none)")
        terminal.type("")
        terminal.read_until("Welcome back.")
        terminal.read_until("Start it:")
    assert Keyring.open(Home(tmp_path / "B")).person == Keyring.open(Home(tmp_path / "A")).person


# --- friends who keep the key ---------------------------------------------------------------------------------------------


def test_friends_are_chosen_by_command_and_help_on_their_own_word(village: Village) -> None:
    asked = village("B", "recovery", "set", "--friends", "Alice", "Carol", "--need", "2")
    assert asked.code == 5
    assert asked.err.startswith("meshnode: Alice and Carol together can act as you, if they want to")
    chosen = village("B", "recovery", "set", "--friends", "Alice", "Carol", "--need", "2", "--yes")
    assert chosen.code == 0
    assert "Any 2 of these friends" in chosen.out
    village.settle()
    village.mesh.advance(1)
    assert "You keep shares for Bob" in village("A", "recovery", "status").out
    refused = village("A", "recovery", "help", "Bob")
    assert (refused.code, refused.out) == (5, "")
    assert "only in person" in refused.err
    words = [json.loads(village(who, "recovery", "help", "Bob", "--yes", "--json").out)["words"] for who in "AC"]
    assert village("A", "recovery", "help", "Bob", "--yes").out.split() == words[0]
    assert village("A", "recovery", "help", "Carol", "--yes").code == 3
    assert village("B", "recovery", "unset").code == 0
    village.settle()
    village.mesh.advance(1)
    assert village("A", "recovery", "help", "Bob", "--yes").code == 3


@pytest.mark.parametrize("alone", [True, False])
def test_the_words_of_friends_bring_back_the_same_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: bool
) -> None:
    seed = bytes(range(32))
    texts = split(seed, need=2, count=3)
    piped = "\n\n".join(texts[:1] if alone else texts[1:]) + "\n"
    back = with_input(monkeypatch, piped, "--home", str(tmp_path / "B"), "init", "--from-friends")
    if alone:
        assert (back.code, back.out) == (5, "")
        assert "The words of 1 more friend are missing" in back.err
        assert not (tmp_path / "B").exists()
    else:
        assert back.code == 0
        assert Keyring.open(Home(tmp_path / "B")).person == IdentityKeys(seed).person_id
        status = json.loads(meshnode("--home", str(tmp_path / "B"), "recovery", "status", "--json").out)
        assert not status["words_confirmed"]


def test_at_a_terminal_the_words_of_friends_are_asked_for_one_after_another(tmp_path: Path) -> None:
    one, other, another_set = *split(bytes(32), need=2, count=2), split(bytes(32), need=2, count=2)[0]
    with Terminal("--home", str(tmp_path / "B"), "init", "--recover", "--from-friends") as terminal:
        terminal.read_until("Type the 33 words of a friend")
        terminal.type(one)
        terminal.read_until("The words of 1 more friend are missing.")
        for wrong, said in ((one, "already"), (another_set, "another set"), (f"zzz {other}", "word 1")):
            terminal.read_until("Type the 33 words of a friend")
            terminal.type(wrong)
            terminal.read_until(said.capitalize() if said.startswith("word") else said)
        terminal.read_until("Type the 33 words of a friend")
        terminal.type(other.upper())
        terminal.read_until("(Enter for none)")
        terminal.type("")
        terminal.read_until("Welcome back.")
        terminal.read_until("Start it:")
    assert Keyring.open(Home(tmp_path / "B")).person == IdentityKeys(bytes(32)).person_id


def test_two_friends_of_one_name_are_told_apart() -> None:
    bobs = [{"id": f"mp1{letter * 12}", "name": "Bob"} for letter in "ab"]
    friends = [{"person": bob, "delivery": "delivered", "warning": None} for bob in bobs]
    former = [{"id": f"mdv1{letter * 12}", "name": "Laptop"} for letter in "ab"]
    reply = {"words_confirmed": True, "waiting": False, "former": former, "friends": friends, "need": 2, "made": 0}
    said = " ".join([*text.status(reply), *text.friends({**reply, "kept": [{"person": bob} for bob in bobs]})])
    for name in ("Bob (mp1aaaaaaaa) has", "Bob (mp1bbbbbbbb) has", "Bob (mp1aaaaaaaa) and Bob (mp1bbbbbbbb)"):
        assert name in said
    assert "Laptop (mdv1aaaaaaa) and Laptop (mdv1bbbbbbb)" in said
