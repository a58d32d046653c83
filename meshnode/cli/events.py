"""`events`: what changes, as it changes; for programs, and for people who wait for something."""

from __future__ import annotations

import sys
import time

import click

from meshnode.cli import output
from meshnode.cli.command import command, settings
from meshnode.errors import NotRunning

KINDS = {
    "listings": "what people share",
    "people": "people, and who trusts whom",
    "groups": "cells and communities",
    "exchanges": "exchanges and letters",
    "alerts": "what you watch for has come",
    "peers": "who is connected",
    "status": "how this node is doing",
    "reset": "so much that not all of it was told",
}


@command("events")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(list(KINDS)[:-1]), help="Only this; may be repeated.")
@click.option("--count", type=click.IntRange(min=1), help="End after so many.")
@click.pass_context
def events(context: click.Context, kinds: tuple[str, ...], count: int | None) -> None:
    """What changes, as it changes, until Ctrl-C."""
    if output.to_terminal():
        output.note("Waiting for what changes; Ctrl-C ends this.")
    left = count
    for event in settings(context).client().follow("/v1/events"):
        if kinds and event["kind"] not in (*kinds, "reset"):
            continue
        if settings(context).json:
            output.as_json(event)
        else:
            at = time.strftime("%H:%M:%S", time.localtime(event["at"]))
            output.say(f"{at}  {event['kind']}: {KINDS.get(event['kind'], 'something new')}")
        sys.stdout.flush()
        left = None if left is None else left - 1
        if left == 0:
            return
    raise NotRunning("the node has stopped", "'meshnode run' starts it again")
