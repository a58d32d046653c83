"""`subscriptions`: the secret addresses of the owner's calendar and feed, for other programs."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import output
from meshnode.cli.command import Answer, Settings, command
from meshnode.text import calendar as text


@command("subscriptions", about=text.HELP)
@click.option("--change", type=click.Choice(["calendar", "feed"]), help=text.CHANGE)
def subscriptions(call: Settings, change: str | None) -> Any:
    found = call.client().post("/v1/subscriptions", change=change)

    def show(found: dict[str, Any]) -> None:
        for name, address in ((text.CALENDAR, found["calendar"]), (text.FEED, found["feed"])):
            output.say(text.address(name, address))
        if change:
            output.say(text.CHANGED)

    return Answer(found, show)
