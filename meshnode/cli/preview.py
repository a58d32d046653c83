"""`audience`, and how previews are shown: who can see a post, and who would start or stop seeing what."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import names, output
from meshnode.cli.client import segment
from meshnode.cli.command import Answer, Settings, command, named
from meshnode.text import sharing as text
from meshnode.text.choices import RELATIONS

what_if = click.option("--what-if", is_flag=True, help=text.WHAT_IF)
preview = click.option("--preview", is_flag=True, help=text.PREVIEW)


def show_audience(reply: dict[str, Any]) -> None:
    """Print who can see a listing, the closest first; in a pipe, one person a line."""
    output.table(
        text.VIEWER_COLUMNS,
        [(viewer["name"], viewer["id"][:11], RELATIONS[viewer["relation"]]) for viewer in reply["people"]],
        empty=text.no_viewers(reply),
    )
    if output.to_terminal() and reply["count"]:
        output.note(text.viewers(reply))


def what_if_answer(reply: dict[str, Any]) -> Answer:
    """Return the answer of a command that was asked what it would change."""
    return Answer(reply, _show_what_if)


def _show_what_if(reply: dict[str, Any]) -> None:
    output.say_lines(text.changes_of_sight(reply) or [text.NO_CHANGE])
    if output.to_terminal():
        output.note(text.NOTHING_CHANGED)


@command("audience", about=text.AUDIENCE_HELP, show=show_audience)
@click.argument("listing", shell_complete=names.own_listings)
def audience(call: Settings, listing: str) -> Any:
    return call.client().get(f"/v1/audience/{segment(named('post', listing))}")
