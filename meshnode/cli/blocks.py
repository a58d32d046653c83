"""`block`, `unblock` and `blocks`: two people become invisible to each other."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import apart, asking, names, output, preview
from meshnode.cli.client import segment
from meshnode.cli.command import Settings, command, named
from meshnode.text import forms
from meshnode.text import people as text


def _show_blocked(reply: dict[str, Any]) -> None:
    output.say(text.blocked(reply["person"]["name"]))


def _show_unblocked(reply: dict[str, Any]) -> None:
    output.say(text.unblocked(reply))


def _show_blocks(reply: dict[str, Any]) -> None:
    output.table(
        text.BLOCKS_COLUMNS,
        [(one["person"]["name"], one["person"]["id"][:11], forms.moment(one["since"])) for one in reply["blocks"]],
        empty=text.BLOCKS_EMPTY,
    )


@command("block", about=text.BLOCK_HELP, show=_show_blocked)
@click.argument("name", shell_complete=names.people)
@preview.what_if
@asking.yes
def block(call: Settings, name: str, what_if: bool, yes: bool) -> Any:
    client, who = apart.client(call), segment(named("person", name))
    if what_if:
        return preview.what_if_answer(client.post(f"/v1/what-if/block/{who}"))
    return asking.confirmed(call, lambda *, yes: client.put(f"/v1/blocks/{who}?anyway={str(yes).lower()}"), yes=yes)


@command("unblock", about=text.UNBLOCK_HELP, show=_show_unblocked)
@click.argument("name", shell_complete=names.blocked)
@preview.what_if
def unblock(call: Settings, name: str, what_if: bool) -> Any:
    client, who = apart.client(call), segment(named("person", name))
    if what_if:
        return preview.what_if_answer(client.post(f"/v1/what-if/unblock/{who}"))
    return client.delete(f"/v1/blocks/{who}")


@command("blocks", about=text.BLOCKS_HELP, show=_show_blocks)
def blocks(call: Settings) -> Any:
    return apart.client(call).get("/v1/blocks")
