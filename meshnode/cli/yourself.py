"""`me` and `name`: what others read about you, and what you call others."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import names, output
from meshnode.cli.client import segment
from meshnode.cli.command import Settings, command, named
from meshnode.cli.people import show_person
from meshnode.errors import Usage
from meshnode.text import people as text


@command("me", about=text.ME_HELP, show=show_person)
@click.option("--name", help=text.ME_NAME)
@click.option("--about", help=text.ME_ABOUT)
def me(call: Settings, name: str | None, about: str | None) -> Any:
    given = {key: value for key, value in (("name", name), ("about", about)) if value is not None}
    return call.client().patch("/v1/profile", **given) if given else call.client().get("/v1/profile")


def _show_called(reply: dict[str, Any]) -> None:
    output.say(text.called(reply))


@command("name", about=text.NAME_HELP, show=_show_called)
@click.argument("person", shell_complete=names.people)
@click.argument("name", required=False)
@click.option("--clear", is_flag=True, help=text.NAME_CLEAR)
def name(call: Settings, person: str, name: str | None, clear: bool) -> Any:
    who = segment(named("person", person))
    if clear == (name is not None):
        from meshnode.text import errors

        raise Usage(errors.NAME_OR_CLEAR, errors.NAME_OR_CLEAR_HINT)
    if clear:
        return call.client().delete(f"/v1/names/{who}")
    return call.client().put(f"/v1/names/{who}", name=name)
