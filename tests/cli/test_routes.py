"""Every command is run in all its forms, and its API calls are compared with the OpenAPI document."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import click
import pytest

from meshnode.api.app import openapi_document
from meshnode.cli import client as client_module
from meshnode.cli import names
from meshnode.cli.client import Refusal
from meshnode.cli.commands import TABLE, meshnode
from tests.cli.village import meshnode as run

BY_THEMSELVES = {
    "init",
    "run",
    "demo",
    "version",
    "completion",
    "man",
    "device join",
    "passphrase change",
    "passphrase remove",
    "passphrase set",
    "recovery show",
    "restore",
    "service install",
    "service remove",
    "service status",
}  # no daemon is asked: see docs/cli.md
ONLY_AFTERWARDS = {"carry in", "recovery confirm", "wipe"}
"""Commands that ask a daemon once they have read a file, words or a name."""
# What commands ask for in other circumstances: at a terminal, before a question, where no daemon runs,
# after another call, and with a file.
ELSEWHERE = {
    ("GET", "/v1/decisions/{who}"),
    ("GET", "/v1/doctor"),
    ("GET", "/v1/leaving"),
    ("GET", "/v1/meeting"),
    ("GET", "/v1/parcels/{who}"),
    ("GET", "/v1/photos/{who}"),
    ("POST", "/v1/photos"),
    ("POST", "/v1/phone-links"),
    ("POST", "/v1/leaving"),
    ("POST", "/v1/parcels/taken"),
    ("POST", "/v1/recovery/confirmed"),
    ("PUT", "/v1/parcels/{who}"),
}
SAMPLES = ("something", "0.5", "3", "2d", "2030-01-01", "52.5,13.4", "5km")
DOCUMENT = openapi_document()


@dataclass(frozen=True)
class Asked:
    """One call of the API."""

    method: str
    target: str
    body: Any = None


@dataclass
class Daemon:
    """Records the calls that it gets, and refuses all of them."""

    asked: list[Asked] = field(default_factory=list)

    def call(self, method: str, target: str, body: Any = None) -> Any:
        self.asked.append(Asked(method, target, body))
        raise Refusal({"code": "failed", "message": "only noted"})


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Daemon:
    """Return a daemon that every client talks to."""
    found = Daemon()
    monkeypatch.setattr(client_module.Client, "_call", lambda _, *asked, **_wait: found.call(*asked))
    monkeypatch.setattr(client_module.Client, "follow", lambda _, path: found.call("GET", path))
    return found


def leaves() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command with its name, including those inside groups."""
    context = click.Context(meshnode, info_name="meshnode")
    waiting: list[tuple[tuple[str, ...], click.Command | None]]
    waiting = [((name,), meshnode.get_command(context, name)) for names in TABLE.values() for name in names]
    while waiting:
        name, command = waiting.pop()
        assert command is not None
        if isinstance(command, click.Group):
            waiting += [((*name, inner), command.commands[inner]) for inner in command.commands]
        elif " ".join(name) not in BY_THEMSELVES:
            yield name, command


COMMANDS = dict(sorted(leaves()))


def sample(parameter: click.Parameter) -> list[str]:
    """Return the parameter as it could be typed."""
    option = [parameter.opts[-1]] if isinstance(parameter, click.Option) else []
    if isinstance(parameter, click.Option) and parameter.is_flag:
        return option
    if isinstance(parameter.type, click.Choice):
        return [*option, str(parameter.type.choices[0])]
    for typed in SAMPLES:
        try:
            parameter.type.convert(typed, parameter, None)
        except click.BadParameter:
            continue
        return [*option, typed]
    raise AssertionError(f"no sample fits {parameter.name}")


def ways_to_call(name: tuple[str, ...]) -> list[list[str]]:
    """Return the command with its required parameters only, with each optional one, and with each two of them."""
    parameters = [parameter for parameter in COMMANDS[name].params if parameter.expose_value]
    base = [word for parameter in parameters if parameter.required for word in sample(parameter)]
    more = [sample(parameter) for parameter in parameters if not parameter.required]
    chosen = itertools.chain.from_iterable(itertools.combinations(more, count) for count in range(3))
    return [[*name, *base, *itertools.chain(*words)] for words in chosen]


def described(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Return the path and the operation of OpenAPI that this call uses."""
    path, _, _ = asked.target.partition("?")
    for candidate in (path, f"{path.rpartition('/')[0]}/{{who}}"):
        operation = DOCUMENT["paths"].get(candidate, {}).get(asked.method.lower())
        if operation is not None:
            return candidate, operation
    raise AssertionError(f"{asked.method} {asked.target} is not described")


def all_asked(daemon: Daemon, tmp_path: Path, name: tuple[str, ...]) -> list[Asked]:
    """Return the API calls of the command in all its forms; a form that is wrong usage makes none."""
    for words in ways_to_call(name):
        run("--home", str(tmp_path), "--no-input", *words)
    asked, daemon.asked = daemon.asked, []
    return asked


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_a_command_does_nothing_that_a_program_could_not_do_over_the_api(
    daemon: Daemon, tmp_path: Path, name: tuple[str, ...]
) -> None:
    asked = all_asked(daemon, tmp_path, name)
    assert bool(asked) == (" ".join(name) not in ONLY_AFTERWARDS), f"'meshnode {' '.join(name)}' asks for {asked}"
    for call in asked:
        _, operation = described(call)
        query = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"}
        assert {key for key, _ in parse_qsl(call.target.partition("?")[2])} <= query, call
        if call.body:
            body = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            assert (
                json.loads(json.dumps(call.body)).keys() <= DOCUMENT["components"]["schemas"][body]["properties"].keys()
            )


def test_everything_that_the_api_can_do_a_command_can_do(daemon: Daemon, tmp_path: Path) -> None:
    reached = {(call.method, described(call)[0]) for name in COMMANDS for call in all_asked(daemon, tmp_path, name)}
    names.people(click.Context(click.Command("person")), click.Argument(["name"]), "b")  # what a shell asks for
    reached |= {(call.method, described(call)[0]) for call in daemon.asked}
    routes = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert routes - reached == ELSEWHERE
