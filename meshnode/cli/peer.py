"""`peer`: addresses of other nodes that the owner gives while the node runs."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import names, output
from meshnode.cli.client import segment
from meshnode.cli.command import CommandGroup, Settings, command, named
from meshnode.text import peer as text

peer = CommandGroup("peer", help=text.HELP)


def _show_added(reply: dict[str, Any]) -> None:
    output.say(text.added(reply))


def _show_removed(reply: dict[str, Any]) -> None:
    output.say(text.removed(reply))


def _show_list(reply: dict[str, Any]) -> None:
    output.table(
        text.COLUMNS,
        [(one["address"], text.found(one), text.outcome(one), text.origin(one)) for one in reply["addresses"]],
        empty=text.EMPTY,
    )


@command("add", about=text.ADD_HELP, show=_show_added, group=peer)
@click.argument("address", metavar="HOST:PORT")
def add(call: Settings, address: str) -> Any:
    return call.client().post("/v1/addresses", address=address)


@command("remove", about=text.REMOVE_HELP, show=_show_removed, group=peer)
@click.argument("address", metavar="HOST:PORT", shell_complete=names.given_addresses)
def remove(call: Settings, address: str) -> Any:
    return call.client().delete(f"/v1/addresses/{segment(named('address', address))}")


@command("list", about=text.LIST_HELP, show=_show_list, group=peer)
def list_(call: Settings) -> Any:
    return call.client().get("/v1/addresses")
