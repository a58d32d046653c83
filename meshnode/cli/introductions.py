"""`introduce` and `introductions`: two people get to know each other through a third."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import names, output
from meshnode.cli.command import Settings, command, named
from meshnode.text import connecting as text
from meshnode.text import forms


def _show_introduced(reply: dict[str, Any]) -> None:
    output.say(text.introduced(reply))


def _show_list(reply: dict[str, Any]) -> None:
    output.table(
        text.INTRODUCTIONS_COLUMNS,
        [
            (
                met["person"]["name"],
                met["person"]["id"][:11],
                met["by"]["name"],
                forms.moment(met["at"]),
                met["message"].replace("\n", " "),
            )
            for met in reply["introductions"]
        ],
        empty=text.INTRODUCTIONS_EMPTY,
    )
    if output.to_terminal() and reply["introductions"]:
        output.note(text.INTRODUCTIONS_NEXT)


@command("introduce", about=text.INTRODUCE_HELP, show=_show_introduced)
@click.argument("name", shell_complete=names.people)
@click.argument("other", shell_complete=names.people)
@click.option("--message", default="", help=text.INTRODUCE_MESSAGE)
def introduce(call: Settings, name: str, other: str, message: str) -> Any:
    one, two = named("person", name), named("person", other)
    return call.client().post("/v1/introductions", one=one, other=two, message=message)


@command("introductions", about=text.INTRODUCTIONS_HELP, show=_show_list)
def introductions(call: Settings) -> Any:
    return call.client().get("/v1/introductions")
