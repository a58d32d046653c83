"""`renew`, `close` and `withdraw`: how a post of yours continues or ends."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import names, numbers, output
from meshnode.cli.client import segment
from meshnode.cli.command import Amount, Settings, Span, command, named
from meshnode.cli.dates import Moment
from meshnode.text import listings as text


def _show_renewed(reply: dict[str, Any]) -> None:
    output.say(text.renewed(reply))


def _show_closed(reply: dict[str, Any]) -> None:
    output.say(text.closed(reply))


def _show_withdrawn(reply: dict[str, Any]) -> None:
    output.say(text.withdrawn(reply))


@command("renew", about=text.RENEW_HELP, show=_show_renewed)
@click.argument("listing", shell_complete=names.renewable)
@click.option("--expires", type=Span(), help=text.RENEW_EXPIRES)
@click.option("--until", type=Moment(ends=True), help=text.UNTIL)
@click.option("--return-by", "return_by", type=Moment(ends=True), help=text.RETURN_BY)
@click.option("--quantity", type=Amount(), help=text.RENEW_QUANTITY)
def renew(
    call: Settings, listing: str, expires: int | None, until: int | None, return_by: int | None, quantity: float | None
) -> Any:
    order = {"expires_in": expires, "available_until": until, "return_by": return_by, "quantity": quantity}
    return call.client().post(f"/v1/renewals/{segment(numbers.post(call, listing))}", **order)


@command("close", about=text.CLOSE_HELP, show=_show_closed)
@click.argument("listing", shell_complete=names.own_listings)
def close(call: Settings, listing: str) -> Any:
    return call.client().post(f"/v1/closings/{segment(named('post', listing))}")


@command("withdraw", about=text.WITHDRAW_HELP, show=_show_withdrawn)
@click.argument("listing", shell_complete=names.own_listings)
def withdraw(call: Settings, listing: str) -> Any:
    return call.client().delete(f"/v1/listings/{segment(named('post', listing))}")
