"""`clock`: which date the node goes by and why, and the owner's word on it."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import output
from meshnode.cli.command import CommandGroup, Settings, command
from meshnode.cli.dates import Moment
from meshnode.text import clock as text


def _show(reply: dict[str, Any]) -> None:
    output.say_lines(text.state(reply))


@command("show", about=text.SHOW_HELP, show=_show)
def show(call: Settings) -> Any:
    return call.client().get("/v1/clock")


def _show_by_default() -> None:
    context = click.get_current_context()
    if context.invoked_subcommand is None:
        context.invoke(show)


clock = CommandGroup("clock", help=text.HELP, invoke_without_command=True, callback=_show_by_default)
clock.add_command(show)


@command("confirm", about=text.CONFIRM_HELP, show=_show, group=clock)
def confirm(call: Settings) -> Any:
    return call.client().put("/v1/clock")


@command("set", about=text.SET_HELP, show=_show, group=clock)
@click.argument("date", type=Moment())
def set_date(call: Settings, date: int) -> Any:
    return call.client().put("/v1/clock", time=date)
