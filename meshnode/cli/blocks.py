"""`block`, `unblock` and `blocks`: two people become invisible to each other."""

from __future__ import annotations

import click

from meshnode.cli import names, output, preview
from meshnode.cli.client import segment
from meshnode.cli.command import command, named, settings


@command("block")
@click.argument("name", shell_complete=names.people)
@preview.what_if
@click.pass_context
def block(context: click.Context, name: str, what_if: bool) -> None:
    """Block a person: neither of you sees the other any more.

    Nodes that hear of it drop what the other may no longer see. Nobody can recall a copy from dishonest software.
    """
    client, who = settings(context).client(), segment(named("person", name))
    if what_if:
        preview.say_what_if(context, client.post(f"/v1/what-if/block/{who}"))
        return
    reply = client.put(f"/v1/blocks/{who}")
    if settings(context).json:
        output.as_json(reply)
    else:
        output.say(f"{reply['person']['name']} is blocked: neither of you sees the other.")


@command("unblock")
@click.argument("name", shell_complete=names.blocked)
@preview.what_if
@click.pass_context
def unblock(context: click.Context, name: str, what_if: bool) -> None:
    """End a block."""
    client, who = settings(context).client(), segment(named("person", name))
    if what_if:
        preview.say_what_if(context, client.post(f"/v1/what-if/unblock/{who}"))
        return
    reply = client.delete(f"/v1/blocks/{who}")
    if settings(context).json:
        output.as_json(reply)
    else:
        output.say(f"{reply['person']['name']} is no longer blocked.")


@command("blocks")
@click.pass_context
def blocks(context: click.Context) -> None:
    """Whom you block."""
    reply = settings(context).client().get("/v1/blocks")
    if settings(context).json:
        output.as_json(reply)
        return
    output.table(
        ("name", "id", "since"),
        [
            (entry["person"]["name"], entry["person"]["id"][:11], output.when(entry["since"]))
            for entry in reply["blocks"]
        ],
        empty="You block nobody.",
    )
