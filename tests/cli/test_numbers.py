"""Numbers in lists: every list on a terminal has them, and the next commands take them."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.terminal import Terminal
from tests.cli.village import Village


def shown(village: Village, who: str, *words: str) -> list[str]:
    """Return the lines that a command shows on a terminal."""
    with Terminal("--home", str(village.homes[who]), *words, NO_COLOR="1") as terminal:
        return terminal.read_all().splitlines()


def number_of(lines: list[str], words: str) -> str:
    """Return the number at the beginning of the line that has these words."""
    (line,) = [line for line in lines if words in line and re.match(r" *\d+[ .]", line)]
    return line.split()[0].rstrip(".")


@pytest.fixture
def lent(village: Village) -> Village:
    """Carol lends a drill and a saw, and Alice has asked for both."""
    for title in ("Drill", "Saw"):
        village("C", "offer", title, "--category", "tools", "--audience", "network_wide", "--lend")
    village.settle()
    for title in ("Drill", "Saw"):
        village("A", "respond", title)
    village.settle()
    return village


@pytest.mark.parametrize(
    ("shows", "takes"),
    [
        (("mine",), ("show",)),
        (("mine",), ("why",)),
        (("mine",), ("renew",)),
    ],
)
def test_a_number_of_ones_own_list_is_taken_for_the_post(
    lent: Village, shows: tuple[str, ...], takes: tuple[str, ...]
) -> None:
    for title in ("Drill", "Saw"):
        number = number_of(shown(lent, "C", *shows), title)
        ran = lent("C", *takes, number)
        assert ran.code == 0
        assert f'{number} is the offer "{title}".' in ran.err


def test_a_number_of_what_has_ended_renews_it(lent: Village) -> None:
    lent("A", "offer", "Soup")
    lent("A", "close", "Soup")
    number = number_of(shown(lent, "A", "mine", "--closed"), "Soup")
    assert lent("A", "renew", number).out.startswith('Renewed "Soup"')


def test_a_number_of_what_is_hidden_shows_it_again(lent: Village) -> None:
    for title in ("Drill", "Saw"):
        lent("B", "hide", title)
    number = number_of(shown(lent, "B", "hide", "--list"), "Saw")
    assert lent("B", "hide", number, "--undo").out.startswith('"Saw" is shown again')


@pytest.mark.parametrize("shows", ["inbox", "exchanges"])
def test_a_number_of_an_exchange_is_taken_by_each_step_but_those_that_end_it(lent: Village, shows: str) -> None:
    number = number_of(shown(lent, "C", shows), "Saw")
    ran = lent("C", "accept", number, "--json")
    assert (ran.code, json.loads(ran.out)["listing"]["title"]) == (0, "Saw")
    assert f'{number} is the exchange with Alice about "Saw".' in ran.err
    shown(lent, "C", "exchanges")
    for takes in (("say", number_of(shown(lent, "C", "exchanges"), "Saw"), "hello"), ("exchanges", number)):
        assert lent("C", *takes).code == 0
    for refuses in ("cancel", "decline"):
        assert lent("C", refuses, number).code == 3


def test_each_kind_of_list_keeps_its_numbers(lent: Village) -> None:
    exchange = number_of(shown(lent, "C", "exchanges"), "Saw")
    post = number_of(shown(lent, "C", "mine"), "Drill")
    assert 'about "Saw"' in lent("C", "exchanges", exchange).err
    assert 'the offer "Drill"' in lent("C", "show", post).err


def test_a_number_that_nothing_has_says_where_numbers_come_from(lent: Village) -> None:
    ran = lent("C", "accept", "9")
    assert (ran.code, ran.out) == (3, "")
    assert "no exchange is called 9" in ran.err.lower()
    assert "'meshnode inbox'" in ran.err


def test_in_a_pipe_the_columns_stay_as_they_were_and_nothing_is_numbered(lent: Village) -> None:
    assert lent("C", "mine").out.splitlines()[0].split("\t")[0] in ("Drill", "Saw")
    assert not re.match(r"\d", lent("C", "inbox").out)
    assert lent("C", "accept", "1").code == 3
