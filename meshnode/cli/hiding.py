"""`hide`: leave a post out of what this node shows you."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from meshnode.cli import names, numbers, output
from meshnode.cli.client import segment
from meshnode.cli.command import Answer, Settings, command
from meshnode.errors import Usage
from meshnode.text import discover as text
from meshnode.text import forms
from meshnode.text import numbers as numbers_text


@command("hide", about=text.HIDE_HELP)
@click.argument("listing", required=False, shell_complete=names.others_listings)
@click.option("--undo", is_flag=True, help=text.HIDE_UNDO)
@click.option("--list", "listed", is_flag=True, help=text.HIDE_LIST)
def hide(call: Settings, *, listing: str | None, undo: bool, listed: bool) -> Any:
    if listed:
        if listing is not None or undo:
            raise Usage(text.HIDE_CONFLICT)
        return Answer(call.client().get("/v1/hidden"), partial(_show_list, call))
    if listing is None:
        raise Usage(text.HIDE_WHICH, text.HIDE_WHICH_HINT)
    path = f"/v1/hidden/{segment(numbers.post(call, listing))}"
    if undo:
        return Answer(call.client().delete(path), _show_unhidden)
    return Answer(call.client().put(path), _show_hidden)


def _show_hidden(reply: dict[str, Any]) -> None:
    output.say(text.hidden(reply))


def _show_unhidden(reply: dict[str, Any]) -> None:
    output.say(text.unhidden(reply))


def _show_list(call: Settings, reply: dict[str, Any]) -> None:
    output.table(
        text.HIDE_COLUMNS,
        [(hidden["title"], hidden["id"][:8], forms.moment(hidden["since"])) for hidden in reply["hidden"]],
        empty=text.HIDE_EMPTY,
        numbered=numbers_text.COLUMN,
    )
    if output.to_terminal():
        numbers.keep(call, [hidden | {"type": numbers_text.POST} for hidden in reply["hidden"]])
