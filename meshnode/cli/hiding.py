"""`hide`: what you do not want to see any more, on this node alone."""

from __future__ import annotations

import click

from meshnode.cli import names, output
from meshnode.cli.client import segment
from meshnode.cli.command import command, named, settings
from meshnode.errors import Usage


@command("hide")
@click.argument("listing", required=False, shell_complete=names.others_listings)
@click.option("--undo", is_flag=True, help="Show it again.")
@click.option("--list", "listed", is_flag=True, help="What you hide.")
@click.pass_context
def hide(context: click.Context, *, listing: str | None, undo: bool, listed: bool) -> None:
    """Hide a listing from yourself, in discover, news and watches; nobody is told."""
    if listed:
        if listing is not None or undo:
            raise Usage("--list stands alone")
        _say_list(context)
        return
    if listing is None:
        raise Usage("say which listing", "its title, its id, or the beginning of either; '--list' lists what you hide")
    path = f"/v1/hidden/{segment(named('listing', listing))}"
    client = settings(context).client()
    reply = client.delete(path) if undo else client.put(path)
    if settings(context).json:
        output.as_json(reply)
    elif undo:
        output.say(f"Shown again: {reply['title']}.")
    else:
        output.say(f"Hidden from you: {reply['title']} ({reply['id'][:8]}); '--undo' shows it again.")


def _say_list(context: click.Context) -> None:
    reply = settings(context).client().get("/v1/hidden")
    if settings(context).json:
        output.as_json(reply)
        return
    output.table(
        ("title", "id", "since"),
        [(hidden["title"], hidden["id"][:8], output.when(hidden["since"])) for hidden in reply["hidden"]],
        empty="You hide nothing.",
    )
