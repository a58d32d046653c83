"""`renew`, `close` and `withdraw`: how what you share goes on, or ends."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import names, output
from meshnode.cli.client import segment
from meshnode.cli.command import Moment, Span, command, named, settings


@command("renew")
@click.argument("listing", shell_complete=names.renewable)
@click.option("--expires", type=Span(), help="How long it stands from now on (food 2d, needs 7d, others 90d).")
@click.option("--until", type=Moment(), help="Available until this date.")
@click.pass_context
def renew(context: click.Context, listing: str, expires: int | None, until: int | None) -> None:
    """Let a listing of yours stand as long again, be it over already."""
    order = {"expires_in": expires, "available_until": until}
    reply = settings(context).client().post(f"/v1/renewals/{segment(named('listing', listing))}", **order)
    if settings(context).json:
        output.as_json(reply)
    else:
        output.say(f"Renewed: {reply['title']} ({reply['id'][:8]}), until {output.when(reply['expires'])}.")


@command("close")
@click.argument("listing", shell_complete=names.own_listings)
@click.pass_context
def close(context: click.Context, listing: str) -> None:
    """Close a listing of yours that is done with; 'mine --closed' still shows it."""
    reply = settings(context).client().post(f"/v1/closings/{segment(named('listing', listing))}")
    _say_ended(context, reply, f"Closed: {reply['title']}. 'meshnode renew' would post it again.")


@command("withdraw")
@click.argument("listing", shell_complete=names.own_listings)
@click.pass_context
def withdraw(context: click.Context, listing: str) -> None:
    """Take a listing of yours back, everywhere, and forget it."""
    reply = settings(context).client().delete(f"/v1/listings/{segment(named('listing', listing))}")
    _say_ended(context, reply, f"Withdrawn: {reply['title']}.")


def _say_ended(context: click.Context, reply: dict[str, Any], words: str) -> None:
    if settings(context).json:
        output.as_json(reply)
    else:
        output.say(words)
