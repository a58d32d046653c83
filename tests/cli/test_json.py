"""`--json` is a contract: the commands print what docs/cli.md promises and what the API describes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest

from meshnode.api.app import openapi_document
from meshnode.cli.commands import TABLE, meshnode
from tests.api.fits import faults
from tests.cli.village import Village

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text()
ROW = re.compile(r"^\| (`[^|]+`) \| (\w+) \| ((?:`\w+` ?)+)\|$", re.MULTILINE)
PART = re.compile(r"^\| (\w+) \([^)]+\) \| ((?:`\w+` ?)+)\|$", re.MULTILINE)
COMMANDS = [name for names in TABLE.values() for name in names]
SCHEMAS = openapi_document()["components"]["schemas"]

CALLS: dict[str, list[str]] = {
    "status": [],
    "peers": [],
    "open": [],
    "page": ["phones"],
    "sync": [],
    "export": [],
    "doctor": [],
    "device": ["list"],
    "recovery": ["status"],
    "card": [],
    "meet": [],
    "people": ["--all"],
    "person": ["Bob"],
    "name": ["Bob", "Bob from the garden"],
    "me": [],
    "introduce": ["Bob", "Carol"],
    "introductions": [],
    "vouch": ["Bob", "--trust", "0.7"],
    "unvouch": ["Bob"],
    "why": ["Carol"],
    "block": ["Carol"],
    "unblock": ["Carol"],
    "blocks": [],
    "offer": ["Bread"],
    "need": ["Help"],
    "show": ["Chair"],
    "edit": ["Chair", "--title", "Chairs"],
    "renew": ["Chair"],
    "close": ["Chair"],
    "withdraw": ["Chair"],
    "mine": [],
    "discover": [],
    "news": [],
    "watch": ["list"],
    "hide": ["--list"],
    "cell": ["show"],
    "community": ["show"],
    "share": ["show"],
    "pause": [],
    "resume": [],
    "audience": ["Chair"],
    "inbox": [],
    "exchanges": [],
    "stats": [],
}


def ticked(text: str) -> list[str]:
    return re.findall(r"`(\w+)`", text)


PROMISED = {name: (shape, ticked(fields)) for names, shape, fields in ROW.findall(DOCS) for name in ticked(names)}


def form(name: str) -> dict[str, Any]:
    """Return the schema of the JSON that the command `name` prints."""
    return {"$ref": f"#/components/schemas/{PROMISED[name][0]}"}


def test_the_page_promises_something_for_every_command_that_asks_the_daemon() -> None:
    by_themselves = {
        "init",
        "run",
        "service",
        "wipe",
        "demo",
        "version",
        "completion",
        "man",
        "photo",
        "carry",
        "passphrase",
        "restore",
    }
    assert set(PROMISED) == set(COMMANDS) - by_themselves


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_a_promised_form_is_the_apis_own(name: str) -> None:
    shape, fields = PROMISED[name]
    assert fields == list(SCHEMAS[shape]["properties"])


@pytest.mark.parametrize(("shape", "fields"), PART.findall(DOCS))
def test_the_parts_of_a_promised_form_are_the_apis_own(shape: str, fields: str) -> None:
    assert ticked(fields) == list(SCHEMAS[shape]["properties"])


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_command_prints_what_it_promises_as_one_ascii_line(village: Village, name: str) -> None:
    village("A", "offer", "Chair")
    if name == "introduce":
        village("A", "vouch", "Carol", "--trust", "0.5")
    if name == "unblock":
        village("A", "block", "Carol")
    ran = village("A", name, *CALLS[name], "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.isascii()
    assert ran.out.count("\n") == 1
    assert not list(faults(openapi_document(), form(name), json.loads(ran.out)))


def test_add_prints_what_it_promises(village: Village) -> None:
    card = json.loads(village("C", "card", "--json").out)
    added = json.loads(village("A", "add", card["text"], "--json").out)
    assert list(added) == PROMISED["add"][1]


def test_an_error_is_json_too_and_leaves_standard_output_empty(village: Village) -> None:
    ran = village("A", "person", "Zed", "--json")
    assert (ran.code, ran.out) == (3, "")
    assert json.loads(ran.err)["error"]["code"] == "not_found"


def test_every_command_is_on_the_page_with_its_options() -> None:
    context = click.Context(meshnode, info_name="meshnode")
    for name in COMMANDS:
        command = meshnode.get_command(context, name)
        assert command is not None
        assert f"`meshnode {name}" in DOCS or f"meshnode {name} " in DOCS, name
        for option in (option for parameter in command.params for option in parameter.opts if option.startswith("--")):
            assert f"`{option}" in DOCS or f"{option} " in DOCS, f"{name} {option}"


def test_every_command_says_in_a_line_what_it_is_for() -> None:
    context = click.Context(meshnode, info_name="meshnode")
    for name in COMMANDS:
        command = meshnode.get_command(context, name)
        assert command is not None
        assert command.help
        assert len(command.get_short_help_str(100)) > 10
