"""`stats`: how much has changed hands, and how much of it between communities."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import output
from meshnode.cli.command import command, settings


@command("stats")
@click.pass_context
def stats(context: click.Context) -> None:
    """How much has changed hands, and how much of it between communities."""
    reply = settings(context).client().get("/v1/stats")
    if settings(context).json:
        output.as_json(reply)
        return
    output.say(f"{_exchanges(reply['completed'])} completed: {reply['given']} given, {reply['received']} received.")
    if reply["completed"]:
        output.say(_communities(reply))
    for month in reply["months"]:
        output.say(f"  {month['month']}: {month['completed']} ({_communities(month)})")
    for category in reply["categories"]:
        output.say(f"  {category['category']}: {category['completed']} ({_communities(category)})")


def _exchanges(count: int) -> str:
    return f"{count} exchange{'' if count == 1 else 's'}"


def _communities(reply: dict[str, Any]) -> str:
    return (
        f"{reply['cross_community']} between communities, {reply['within_community']} within one,"
        f" {reply['unknown']} where a side has none"
    )
