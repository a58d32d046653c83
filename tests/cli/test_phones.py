"""`page` as people type it: a link in a pipe, a code and a question at a terminal, the list, and refused commands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import pytest
from msgspec.structs import replace

from meshnode.app.phones.settings import LocalSubnet
from tests.cli.terminal import Terminal
from tests.cli.village import Village, meshnode

LINK = re.compile(r"http://127\.0\.0\.1:\d+/in/[0-9a-f]{32}")
TOKEN = re.compile(r'name="token" value="([0-9a-f]+)"')
WORDS = re.compile(r'class="compared">([a-z ]+)<')


@pytest.fixture
def alice(village: Village) -> Village:
    """Return the village, in which the home network of Alice's computer is its loopback interface."""
    network = village.networks["A"]
    network.now = replace(network.now, subnets=(LocalSubnet("lo", "127.0.0.1", 8),))
    return village


@pytest.fixture
def phone() -> Iterator[OpenerDirector]:
    """Yield a phone that keeps cookies."""
    opener = build_opener(HTTPCookieProcessor())
    yield opener
    opener.close()


def use(phone: OpenerDirector, link: str) -> str:
    """Open a link on a phone, press its button, and return the words that it shows."""
    with phone.open(link) as page:
        token = TOKEN.search(page.read().decode())
    assert token is not None
    origin = link.partition("/in/")[0]
    with phone.open(Request(link, f"token={token[1]}".encode(), {"Origin": origin})) as page:  # noqa: S310 - our own link
        words = WORDS.search(page.read().decode())
    assert words is not None
    return words[1]


def status_of(phone: OpenerDirector, address: str) -> int:
    """Return the status with which the page answers a phone."""
    try:
        with phone.open(address) as page:
            return int(page.status)
    except HTTPError as error:
        error.close()
        return error.code


def test_at_a_terminal_the_words_are_asked_for_and_a_yes_lets_the_phone_in(
    alice: Village, phone: OpenerDirector
) -> None:
    words = ("--home", str(alice.homes["A"]), "page", "phone", "--interface", "lo", "--name", "Kitchen")
    with Terminal(*words) as terminal:
        shown = terminal.read_until("Waiting for the phone.")
        assert "\u2588" in shown or "\u2580" in shown
        link = LINK.search(shown)
        assert link is not None
        compared = use(phone, link[0])
        asked = terminal.read_until("Does the phone show the same words?")
        assert compared in asked
        terminal.type("y")
        assert "Kitchen may use your page now." in terminal.read_all()
    assert status_of(phone, link[0].partition("/in/")[0] + "/") == 200
    assert "1 phone has used your page in the last 24 hours." in alice("A", "status").out
    assert alice("A", "page", "phones").out.split("\t")[0] == "Kitchen"


def test_a_no_keeps_the_phone_out(alice: Village, phone: OpenerDirector) -> None:
    with Terminal("--home", str(alice.homes["A"]), "page", "phone", "--interface", "lo") as terminal:
        link = LINK.search(terminal.read_until("Waiting for the phone."))
        assert link is not None
        use(phone, link[0])
        terminal.read_until("Does the phone show the same words?")
        terminal.type("n")
        assert "It was not let in." in terminal.read_all()
    assert status_of(phone, link[0].partition("/in/")[0] + "/") == 401
    assert json.loads(alice("A", "page", "phones", "--json").out)["phones"] == []


def test_in_a_pipe_the_link_is_printed_and_answer_takes_the_words(alice: Village, phone: OpenerDirector) -> None:
    printed = alice("A", "page", "phone", "--interface", "lo").out
    assert LINK.fullmatch(printed.strip())
    compared = use(phone, printed.strip())
    assert compared in alice("A", "page", "answer").out
    assert alice("A", "page", "answer", *compared.split()).out.endswith("may use your page now.\n")
    name = json.loads(alice("A", "page", "phones", "--json").out)["phones"][0]["name"]
    assert f"{name} may no longer use your page." in alice("A", "page", "revoke", name).out
    assert status_of(phone, printed.partition("/in/")[0] + "/") == 401


def test_other_words_are_refused_and_so_is_what_nobody_asked(alice: Village, phone: OpenerDirector) -> None:
    assert alice("A", "page", "answer").code == 3
    use(phone, alice("A", "page", "phone", "--interface", "lo").out.strip())
    wrong = alice("A", "page", "answer", "acorn", "acorn", "acorn")
    assert wrong.code == 5
    assert "shows other words" in wrong.err
    assert alice("A", "page", "answer").code == 3
    use(phone, alice("A", "page", "phone").out.strip())
    assert "It was not let in." in alice("A", "page", "answer", "--refuse").out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["phone", "--interface", "wlan9"], 5, "on no network on which phones could reach"),
        (["phone", "--interface", ""], 2, "not names of network interfaces"),
        (["revoke", "Kitchen"], 3, "no phone of this name"),
        (["revoke"], 2, "Missing"),
        (["nonsense"], 2, "nonsense"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else None,
)
def test_every_slip_has_one_line_and_its_own_code(alice: Village, words: list[str], code: int, message: str) -> None:
    ran = alice("A", "page", *words)
    assert ran.code == code, ran.err
    assert ran.out == ""
    assert ran.err.count("\n") == 1
    assert message.casefold() in ran.err.casefold()


def test_off_says_so_and_a_phone_can_be_looked_up_without_a_node(alice: Village, tmp_path: Path) -> None:
    alice("A", "page", "phone", "--interface", "lo")
    assert alice("A", "page", "phone", "--off").out == "Phones can no longer reach your page.\n"
    assert json.loads(alice("A", "page", "phones", "--json").out)["on"] is False
    assert meshnode("--home", str(tmp_path / "none"), "page", "phones").code in {3, 4}
