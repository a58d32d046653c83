"""`events`: changes as they happen; for programs, and for people who wait for something."""

from __future__ import annotations

import sys

import click

from meshnode.cli import output
from meshnode.cli.command import Settings, command
from meshnode.errors import NotRunning
from meshnode.text import node as text

KINDS = text.EVENTS
RESET = "reset"  # sent where events were left out, so no filter may hide it


@command("events", about=text.EVENTS_HELP)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([kind for kind in KINDS if kind != RESET]),
    help=text.EVENTS_KIND,
)
@click.option("--count", type=click.IntRange(min=1), help=text.EVENTS_COUNT)
def events(call: Settings, kinds: tuple[str, ...], count: int | None) -> None:
    if output.to_terminal():
        output.note(text.EVENTS_WAITING)
    left = count
    for event in call.client().follow("/v1/events"):
        if kinds and event["kind"] not in (*kinds, RESET):
            continue
        if call.json:
            output.as_json(event)
        else:
            output.say(text.event(event))
        sys.stdout.flush()
        left = None if left is None else left - 1
        if left == 0:
            return
    raise NotRunning(text.EVENTS_STOPPED, text.EVENTS_STOPPED_HINT)
