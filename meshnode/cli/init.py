"""`init`: create a new person's first node. It asks for a name and one choice, and runs without the daemon."""

from __future__ import annotations

import getpass
from typing import Any

import click
from msgspec import Struct

from meshnode.cli import output, passphrase, recovering
from meshnode.cli.command import Answer, Settings, command
from meshnode.cli.location import PlaceType
from meshnode.cli.program import as_typed
from meshnode.errors import Refused, Usage, not_allowed
from meshnode.home import Home
from meshnode.text import node as text
from meshnode.text import recovery as recovery_text
from meshnode.text.choices import AUDIENCES

DEFAULT_AUDIENCE = "trusted_network"
NEARBY = "anyone_local"


class Beginning(Struct, frozen=True):
    """The choices that a new node is created with; `place` is latitude and longitude in degrees."""

    name: str
    audience: str
    place: tuple[float, float] | None
    passphrase: str | None


@command("init", about=text.INIT_HELP)
@click.option("--name", help=text.INIT_NAME)
@click.option("--place", type=PlaceType(), help=text.INIT_PLACE)
@click.option("--audience", type=click.Choice(list(AUDIENCES)), help=text.INIT_AUDIENCE)
@passphrase.from_file
@click.option("--recover", is_flag=True, help=recovery_text.INIT_RECOVER)
@click.option("--from-friends", is_flag=True, help=recovery_text.INIT_FROM_FRIENDS)
def init(
    call: Settings,
    name: str | None,
    place: tuple[float, float] | None,
    audience: str | None,
    file: str | None,
    recover: bool,
    from_friends: bool,
) -> Any:
    home = call.chosen_home()
    if home.has_node:
        raise Refused(text.node_exists(home.path), text.NODE_EXISTS_HINT)
    if recover or from_friends:
        if name is not None or place is not None or audience is not None:
            raise Usage(recovery_text.RECOVER_ALONE, recovery_text.RECOVER_ALONE_HINT)
        seed = recovering.seed_from_friends(call) if from_friends else recovering.seed_from_words(call)
        return come_back(call, home, seed, file, on_paper=not from_friends)
    beginning = ask(call, name, place, audience, file)
    person = begin(home, beginning)

    def show(_: Any) -> None:
        greet(home, person, beginning)
        if call.may_ask() and output.to_terminal():
            recovering.offer_words(call, home, beginning.passphrase)
        output.say(text.start(as_typed(call)))

    return Answer({"person": person, "home": str(home.path)}, show)


def come_back(call: Settings, home: Home, seed: bytes, file: str | None, *, on_paper: bool) -> Answer:
    """Make `home` a new device of the person with the identity key that this seed makes; `on_paper` as `recover_node`."""
    from meshnode.node import recover_node
    from protocol import person_text, short_id

    known = recover_node(home, seed, passphrase.for_new_home(call, file), on_paper=on_paper)
    person = {"id": person_text(known), "name": short_id(known)}

    def show(_: Any) -> None:
        output.say(recovery_text.came_back(person["id"], home.path))
        output.say(text.start(as_typed(call)))
        output.say(recovery_text.THEN_ADD)

    return Answer({"person": person, "home": str(home.path)}, show)


def ask(
    call: Settings,
    name: str | None,
    place: tuple[float, float] | None,
    audience: str | None,
    passphrase_file: str | None = None,
) -> Beginning:
    """Return the choices, asking the person at the terminal for the missing ones; without a terminal, the defaults."""
    if name is None:
        name = click.prompt(text.ASK_NAME, default=_login(), err=True) if call.may_ask() else _login()
    if audience is None:
        audience = _ask_audience() if call.may_ask() else DEFAULT_AUDIENCE
    if audience == NEARBY and place is None:
        place = _ask_place(call)
    return Beginning(name, audience, place, passphrase.for_new_home(call, passphrase_file))


def begin(home: Home, beginning: Beginning) -> dict[str, str]:
    """Create the node in `home`, and return the person's id and name. Usage where the name cannot be used."""
    from meshnode.node import create_node
    from protocol import Audience, InvalidField, Precision, Preference, check_text, limits, normalize_line, person_text

    name = normalize_line(beginning.name)
    try:
        check_text("name", name, limits.NAME_MAX, shortest=1)
    except InvalidField as error:
        raise not_allowed(error, text.OTHER_NAME_HINT) from error
    person = create_node(
        home,
        name=name,
        place=beginning.place,
        preference=Preference(audience=Audience.from_word(beginning.audience), precision=Precision.NEIGHBORHOOD),
        passphrase=beginning.passphrase,
    )
    return {"id": person_text(person), "name": name}


def greet(home: Home, person: dict[str, str], beginning: Beginning) -> None:
    """Print where the new node is, and who can see posts by default."""
    output.say_lines(text.welcome(person["name"], home.path, beginning.audience))
    if beginning.place is not None:
        output.say(text.placed(*beginning.place))


def _ask_place(call: Settings) -> tuple[float, float]:
    """Ask for the location, without which nobody is nearby."""
    if not call.may_ask():
        raise Usage(text.NEEDS_PLACE, text.NEEDS_PLACE_HINT)
    click.echo(text.NEARBY, err=True)
    reply: tuple[float, float] = click.prompt(text.ASK_PLACE, type=PlaceType(), err=True)
    return reply


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return text.NO_LOGIN_NAME  # a machine without user names


def _ask_audience() -> str:
    click.echo(text.ASK_AUDIENCE, err=True)
    for line in text.audience_choices(DEFAULT_AUDIENCE):
        click.echo(line, err=True)
    words = list(AUDIENCES)
    choice: int = click.prompt(
        text.ASK_CHOICE, type=click.IntRange(1, len(words)), default=words.index(DEFAULT_AUDIENCE) + 1, err=True
    )
    return words[choice - 1]
