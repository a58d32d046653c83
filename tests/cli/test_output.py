"""Texts of other people are made inert before they are printed, and the program behaves on every kind of output."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from meshnode.api.app import openapi_document
from meshnode.cli import client as client_module
from meshnode.cli import output
from meshnode.home import Home
from meshnode.text import choices, forms
from protocol import CATEGORIES, LISTING_TYPES, URGENCIES, Audience
from protocol.tokens import Card
from protocol.trust import Relation
from tests.cli.terminal import Terminal
from tests.cli.test_json import CALLS, form
from tests.cli.village import meshnode
from tests.support.golden import golden

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "\x1b]52;c;aGk=\x07\x1b[2J\r\n\x9b31m<script>\u202egnp\u2066\u200b\u2028\x00\udcff\U000e0041Bob"
FORBIDDEN = frozenset(
    chr(point)
    for ends in golden("text.json")["forbidden"]
    for first, _, last in [ends.partition("-")]
    for point in range(int(first, 16), int(last or first, 16) + 1)
)


def harmless(shown: str) -> bool:
    return FORBIDDEN.isdisjoint(shown.replace("\n", ""))


def test_the_terminal_escapes_exactly_what_the_protocol_forbids() -> None:
    assert {sign for sign in map(chr, range(0x110000)) if output.inert(sign) != sign} == FORBIDDEN


@given(st.text())
def test_every_text_comes_out_as_one_printable_line(written: str) -> None:
    shown = output.inert(written)
    assert harmless(shown)
    assert "\n" not in shown
    assert "\u2028" not in shown


@given(st.text(st.characters(whitelist_categories=("L", "N", "P", "S")), max_size=50))
def test_ordinary_writing_stays_as_it_is(text: str) -> None:
    assert output.inert(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "␛[31m"),
        ("a\rb", "a␍b"),
        ("\x7f", "␡"),
        ("\x9b", "<U+009B>"),
        ("\u202eevil", "<U+202E>evil"),
        ("👩\u200d🌾", "👩\u200d🌾"),
        (
            "\U0001fae9 and \U00040000, which no Unicode has assigned yet",
            "\U0001fae9 and \U00040000, which no Unicode has assigned yet",
        ),
        (
            "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
            "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        ),
        ("<script>", "<script>"),
    ],
)
def test_what_cannot_be_seen_is_made_visible(text: str, shown: str) -> None:
    assert output.inert(text) == shown


DAEMONS_WORDS = {"relation": "extended_network", "audience": "network_wide", "state": "agreed", "act": "accept"}


def sample(schema: dict[str, Any], name: str = "") -> Any:
    """Return a value of this schema in which every text is hostile, except words that the daemon chooses."""
    if "$ref" in schema:
        properties = openapi_document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]["properties"]
        return {key: sample(inner, key) for key, inner in properties.items()}
    if "anyOf" in schema:
        return sample(schema["anyOf"][0], name)
    known: dict[str, Any] = {
        "string": DAEMONS_WORDS.get(name, HOSTILE),
        "integer": 2**53 - 1,
        "number": 0.5,
        "boolean": True,
    }
    return [sample(schema["items"], name)] if schema["type"] == "array" else known[schema["type"]]


@pytest.mark.parametrize("name", sorted(CALLS))
def test_no_command_lets_anything_through(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answer = sample(form(name))
    monkeypatch.setattr(client_module.Client, "_call", lambda *_: json.loads(json.dumps(answer)))
    ran = meshnode("--home", str(tmp_path), name, *CALLS[name])
    assert ran.code == 0
    assert harmless((ran.out + ran.err).replace("\t", ""))
    assert meshnode("--home", str(tmp_path), name, *CALLS[name], "--json").out.isascii()


def test_an_error_lets_nothing_through_either(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object) -> None:
        raise client_module.Refusal({"code": "ambiguous", "message": HOSTILE, "hint": HOSTILE})

    monkeypatch.setattr(client_module.Client, "_call", refuse)
    ran = meshnode("--home", str(tmp_path), "person", "Bob")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert harmless(ran.err)


def test_the_command_lines_words_are_the_protocols() -> None:
    audiences = [audience.word for audience in Audience if audience is not Audience.FOLLOWS]
    assert list(choices.AUDIENCES) == audiences
    assert choices.CATEGORIES == CATEGORIES
    assert choices.TYPES == LISTING_TYPES
    assert choices.URGENCIES == URGENCIES
    assert {relation.value: relation.words for relation in Relation} == choices.RELATIONS


def test_what_can_be_cleared_is_what_the_use_case_clears() -> None:
    from meshnode.app.listings.listings import CLEARABLE

    assert tuple(CLEARABLE) == choices.CLEARABLE


def test_offer_need_and_edit_have_an_option_for_every_field_of_a_listing() -> None:
    from meshnode.app.listings.listings import ListingDraft, ListingEdit
    from meshnode.cli import listings

    def options(command: click.Command) -> set[str]:
        names = {one.name for one in command.params if one.name and one.expose_value}
        names -= {"preview", "photo_words"}
        return {"anyway" if name == "yes" else name for name in names}

    draft, edit = ({field.name for field in structs.fields(shape)} for shape in (ListingDraft, ListingEdit))
    assert options(listings.offer) == options(listings.need) == draft - {"type"}
    assert options(listings.edit) - {"listing"} == edit == draft | {"clear"}


@pytest.mark.parametrize("seconds", [0, 1_800_000_000, 2**53 - 1, -1])
def test_any_time_can_be_shown(seconds: int) -> None:
    for written in (forms.day, forms.moment, forms.clock):
        assert written(seconds)


def test_a_screen_that_knows_no_umlauts_gets_numbers() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    stream.reconfigure(errors="backslashreplace")
    stream.write("Straße")
    stream.flush()
    done = subprocess.run(
        [sys.executable, "-m", "meshnode", "show", "Straße"],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT), "MESHNODE_HOME": "/nowhere/ß"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 4
    assert b"Traceback" not in done.stderr


def test_a_reader_who_leaves_is_no_error() -> None:
    command = f"{sys.executable} -m meshnode --help | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def on_a_terminal(*words: str, **environment: str) -> str:
    """Return what the program shows on a terminal."""
    with Terminal(*words, **environment) as terminal:
        return terminal.read_all()


def test_on_a_terminal_there_are_a_card_with_a_code_a_table_and_bold_text_unless_unwanted(village: Any) -> None:
    home = str(village.homes["A"])
    card = on_a_terminal("--home", home, "card")
    assert "mesh1" in card
    assert "█" in card or "▀" in card
    command = re.search(r"^(mesh1\w+)\r?$", card, re.MULTILINE)
    assert command is not None
    assert Card.parse(command[1]).name == "Alice"
    table = on_a_terminal("--home", home, "people", NO_COLOR="1")
    assert re.search(r"name +id +trust", re.sub(r"\x1b\[[0-9;]*m", "", table))
    assert "\x1b[1m" in on_a_terminal("--home", home, "status")
    assert "\x1b" not in on_a_terminal("--home", home, "status", NO_COLOR="1")
    assert "Nothing yet" in on_a_terminal("--home", home, "discover")
    assert "You block nobody." in on_a_terminal("--home", home, "blocks")


def test_on_a_terminal_ones_own_listings_come_with_what_ends_soon_and_what_has_just_ended(village: Any) -> None:
    home = str(village.homes["A"])
    village("A", "offer", "Soup", "--category", "food")
    village.mesh.time += 36 * 3600
    shown = on_a_terminal("--home", home, "mine", NO_COLOR="1")
    assert "(soon)" in shown
    assert "meshnode renew LISTING" in shown
    village.mesh.advance(12 * 3600 + 1)
    shown = on_a_terminal("--home", home, "mine", NO_COLOR="1")
    assert "No posts yet." in shown
    assert 'Expired: "Soup". To renew: meshnode renew LISTING' in shown
    assert "expired" in on_a_terminal("--home", home, "mine", "--closed", NO_COLOR="1")


DAILY = (["status"], ["discover"], ["news"], ["inbox"], ["people"], ["people", "--all", "--json"])
HEAVY_IN_DAILY = ["click", "typing", "pathlib", "inspect", "datetime", "urllib", "platformdirs", "meshnode.errors"]
HEAVY = [
    "trio",
    "zeroconf",
    "nacl",
    "cryptography",
    "msgspec",
    "dataclasses",
    "h3",
    "apsw",
    "starlette",
    "h11",
    "rich",
    "segno",
    "protocol",
]


def test_a_plain_call_imports_little(village: Any) -> None:
    for words in (
        ["peers"],
        ["offer", "Bread"],
        ["mine", "--json"],
        ["card"],
        ["add", village("C", "card").out.strip()],
    ):
        assert imported(village.homes["A"], words, HEAVY) == [], words
    assert Home(village.homes["A"]).has_node


def test_a_plain_daily_command_imports_still_less_and_not_click(village: Any) -> None:
    for words in DAILY:
        assert imported(village.homes["A"], words, HEAVY + HEAVY_IN_DAILY) == [], words


def imported(home: Path, words: Sequence[str], heavy: Sequence[str]) -> list[str]:
    """Return which of these modules are loaded when a command has succeeded."""
    program = (
        "import sys; from meshnode.cli.main import run; code = run(sys.argv[1:]); "
        f"sys.stderr.write('\\n' + ' '.join(name for name in {heavy!r} if name in sys.modules)); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "--home", str(home), *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr.split("\n")[-1].split()
