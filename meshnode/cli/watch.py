"""`watch`: saved searches, whose new matches `news` shows."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import output
from meshnode.cli.client import segment
from meshnode.cli.command import CommandGroup, Settings, command, named
from meshnode.cli.daily.discover import as_query
from meshnode.cli.discover import search_options
from meshnode.text import discover as text

watch = CommandGroup("watch", help=text.WATCH_HELP)


def _show_saved(reply: dict[str, Any]) -> None:
    output.say(text.watch_saved(reply))


def _show_list(reply: dict[str, Any]) -> None:
    for one in reply["watches"]:
        output.say(text.watch_line(one))
        for alert in one["alerts"]:
            output.say(text.watch_match(alert))
    if output.to_terminal() and not reply["watches"]:
        output.note(text.WATCH_EMPTY)


def _show_removed(reply: dict[str, Any]) -> None:
    output.say(text.watch_removed(reply))


@command("add", about=text.WATCH_ADD_HELP, show=_show_saved, group=watch)
@search_options
def add(call: Settings, /, **given: Any) -> Any:
    return call.client().post(
        "/v1/watches", **{name: value for name, value in as_query(given).items() if value is not None}
    )


@command("list", about=text.WATCH_LIST_HELP, show=_show_list, group=watch)
def list_(call: Settings) -> Any:
    return call.client().get("/v1/watches")


@command("rm", about=text.WATCH_RM_HELP, show=_show_removed, group=watch)
@click.argument("number")
def remove(call: Settings, number: str) -> Any:
    return call.client().delete(f"/v1/watches/{segment(named('search', number))}")
