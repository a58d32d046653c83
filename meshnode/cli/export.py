"""`export`: all that is yours, as one document."""

from __future__ import annotations

import json

import click

from meshnode.cli import output
from meshnode.cli.command import command, settings


@command("export")
@click.pass_context
def export(context: click.Context) -> None:
    """Print all that is yours as one JSON document; for you alone, though there is no key in it."""
    reply = settings(context).client().get("/v1/export")
    if settings(context).json:
        output.as_json(reply)
    else:
        output.script(json.dumps(reply, indent=2))
