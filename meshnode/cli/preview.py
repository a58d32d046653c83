"""`audience`, and how previews are told: who can see a listing, and who would gain and lose sight of what."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import names, output
from meshnode.cli.client import segment
from meshnode.cli.command import command, named, settings
from meshnode.cli.wording import RELATIONS, for_whom

what_if = click.option("--what-if", is_flag=True, help="Only say who would gain and lose sight of what.")
preview = click.option("--preview", is_flag=True, help="Only say who could see it.")


@command("audience")
@click.argument("listing", shell_complete=names.own_listings)
@click.pass_context
def audience(context: click.Context, listing: str) -> None:
    """Who can see a listing of yours now, as far as this node knows."""
    say_audience(context, settings(context).client().get(f"/v1/audience/{segment(named('listing', listing))}"))


def say_audience(context: click.Context, reply: dict[str, Any]) -> None:
    """Print who can see a listing, the closest first; in a pipe a line each."""
    if settings(context).json:
        output.as_json(reply)
        return
    output.table(
        ("name", "id", "how"),
        [(viewer["name"], viewer["id"][:11], RELATIONS[viewer["relation"]]) for viewer in reply["people"]],
        empty=f"It is for {for_whom(reply)}: nobody you know of can see it.",
    )
    if output.to_terminal() and reply["count"]:
        people = "1 person" if reply["count"] == 1 else f"{reply['count']} people"
        output.note(f"For {for_whom(reply)}: {people} you know of.")


def say_what_if(context: click.Context, reply: dict[str, Any]) -> None:
    """Print who would gain and lose sight; nothing was done."""
    if settings(context).json:
        output.as_json(reply)
        return
    parts = (
        ("No longer see what you share:", reply["viewers_lost"]),
        ("Newly see what you share:", reply["viewers_gained"]),
        ("You no longer see what they share:", reply["authors_lost"]),
        ("You newly see what they share:", reply["authors_gained"]),
    )
    for heading, changes in parts:
        if changes:
            output.say(heading)
        for change in changes:
            output.say(f"  {change['person']['name']} ({RELATIONS[change['relation']]}): {_what(change)}")
    if not any(changes for _, changes in parts):
        output.say("Nobody you know of would see more or less.")
    if output.to_terminal():
        output.note("Nothing was done; without '--what-if' it is.")


def _what(change: dict[str, Any]) -> str:
    titles = [listing["title"] for listing in change["listings"]]
    more = change["count"] - len(titles)
    reply = titles + ([f"{more} more"] if more else []) + (["what is shared as usual"] if change["usual"] else [])
    return ", ".join(reply)
