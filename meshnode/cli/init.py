"""`init`: a new person's first node. It asks a name and one question, and runs without the daemon."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass

import click

from meshnode.cli import output
from meshnode.cli.command import PlaceType, Settings, command, settings
from meshnode.cli.program import as_typed
from meshnode.cli.wording import AUDIENCES
from meshnode.errors import Refused, Usage
from meshnode.home import Home

DEFAULT_AUDIENCE = "trusted_network"
NEARBY = "anyone_local"
PASSPHRASE_VARIABLE = "MESHNODE_PASSPHRASE"


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a new node needs to know."""

    name: str
    audience: str
    place: tuple[float, float] | None
    passphrase: str | None


@command("init")
@click.option("--name", help="What others call you.")
@click.option("--place", type=PlaceType(), help="Where you are; it stays here, others learn it to about a kilometer.")
@click.option("--audience", type=click.Choice(list(AUDIENCES)), help="Who can see what you share, unless you say else.")
@click.option("--passphrase", is_flag=True, help="Keep your identity's key under a passphrase.")
@click.pass_context
def init(
    context: click.Context,
    name: str | None,
    place: tuple[float, float] | None,
    audience: str | None,
    passphrase: bool,
) -> None:
    """Make a new node."""
    call = settings(context)
    home = call.place()
    if home.has_node:
        raise Refused(f"there is already a node in {home.path}", "'meshnode run' starts it; --home makes another")
    person = begin(home, ask(call, name, place, audience, secret=passphrase), quiet=call.json)
    if call.json:
        output.as_json({"person": person, "home": str(home.path)})
    else:
        output.say(f"Start it with '{as_typed(call)} run'.")


def ask(
    call: Settings, name: str | None, place: tuple[float, float] | None, audience: str | None, *, secret: bool = False
) -> Beginning:
    """What was not said is asked of whoever sits at the terminal; else it takes its default."""
    if name is None:
        name = click.prompt("What is your name", default=_login(), err=True) if call.may_ask() else _login()
    if audience is None:
        audience = _ask_audience() if call.may_ask() else DEFAULT_AUDIENCE
    if audience == NEARBY and place is None:
        place = _ask_place(call)
    return Beginning(name, audience, place, _ask_passphrase(call) if secret else None)


def begin(home: Home, beginning: Beginning, *, quiet: bool) -> dict[str, str]:
    """Make the node, say so unless `quiet`, and return the person's id and name."""
    from meshnode.node import create_node
    from protocol import Audience, InvalidField, Precision, Preference, check_text, limits, normalize, person_text

    name = normalize(beginning.name)
    try:
        check_text("name", name, limits.NAME_MAX, shortest=1)
    except InvalidField as error:
        raise Usage(str(error), "choose another with --name") from error
    person = create_node(
        home,
        name=name,
        place=beginning.place,
        preference=Preference(audience=Audience.from_word(beginning.audience), precision=Precision.NEIGHBORHOOD),
        passphrase=beginning.passphrase,
    )
    if not quiet:
        output.say(f"Welcome, {name}. Your node is in {home.path}.")
        output.say(f"What you share is for {AUDIENCES[beginning.audience]}, unless you say otherwise.")
    return {"id": person_text(person), "name": name}


def given_passphrase() -> str | None:
    """The passphrase in the environment, taken out of it so that nothing started from here inherits it."""
    return os.environ.pop(PASSPHRASE_VARIABLE, None)


def _ask_place(call: Settings) -> tuple[float, float]:
    """Nobody is near to a place that is not known."""
    if not call.may_ask():
        raise Usage('"Anyone nearby" needs your location', "say where you are with --place LAT,LON")
    click.echo("Nearby is counted from where you are. Others learn it to about a kilometer, never exactly.", err=True)
    reply: tuple[float, float] = click.prompt(
        "Where are you (latitude,longitude as on a map, such as 52.52,13.40)", type=PlaceType(), err=True
    )
    return reply


def _ask_passphrase(call: Settings) -> str:
    given = given_passphrase()
    if given is not None:
        return given
    if not call.may_ask():
        raise Usage("nobody can be asked for the passphrase", f"put it into {PASSPHRASE_VARIABLE}")
    reply: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
    return reply


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "Neighbor"  # a machine without user names


def _ask_audience() -> str:
    """The seed's one question, in its words."""
    click.echo("Of what you offer and need, unless you say otherwise with a listing:", err=True)
    click.echo("Who can see this?", err=True)
    words = list(AUDIENCES)
    for number, word in enumerate(words, 1):
        default = " [DEFAULT]" if word == DEFAULT_AUDIENCE else ""
        click.echo(f"  {number}  {AUDIENCES[word][:1].upper()}{AUDIENCES[word][1:]}{default}", err=True)
    choice: int = click.prompt(
        "Your choice", type=click.IntRange(1, len(words)), default=words.index(DEFAULT_AUDIENCE) + 1, err=True
    )
    return words[choice - 1]
