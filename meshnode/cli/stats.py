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
    told = settings(context).client().get("/v1/stats")
    if settings(context).json:
        output.as_json(told)
        return
    output.say(f"{_exchanges(told['completed'])} completed: {told['given']} given, {told['received']} received.")
    if told["completed"]:
        output.say(_communities(told))
    for month in told["months"]:
        output.say(f"  {month['month']}: {month['completed']} ({_communities(month)})")
    for category in told["categories"]:
        output.say(f"  {category['category']}: {category['completed']} ({_communities(category)})")


def _exchanges(count: int) -> str:
    return f"{count} exchange{'' if count == 1 else 's'}"


def _communities(told: dict[str, Any]) -> str:
    return (
        f"{told['cross_community']} between communities, {told['within_community']} within one,"
        f" {told['unknown']} where a side has none"
    )
