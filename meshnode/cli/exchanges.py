"""`respond`, `inbox`, `accept` and the others: asking for what is shared, answering, and confirming."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from meshnode.cli import asking, names, numbers, output
from meshnode.cli.client import Client, segment
from meshnode.cli.command import Amount, Answer, Command, Settings, answering, command, named
from meshnode.cli.daily import inbox as daily
from meshnode.text import exchanges as text
from meshnode.text import forms
from meshnode.text.numbers import COLUMN

TAKES_AWAY = ("decline", "cancel")  # moves that end an exchange take no numbers


@command("respond", about=text.RESPOND_HELP)
@click.argument("listing", shell_complete=names.others_listings)
@click.option("--message", default="", help=text.MESSAGE)
@click.option("--quantity", type=Amount(), help=text.QUANTITY)
def respond(call: Settings, listing: str, message: str, quantity: float | None) -> Any:
    client = call.client()
    reply = client.post(f"/v1/requests/{segment(numbers.post(call, listing))}", message=message, quantity=quantity)
    return Answer(reply, partial(_show_requested, client))


def _show_requested(client: Client, reply: dict[str, Any]) -> None:
    output.say(text.summary(client.get(f"/v1/exchanges/{reply['exchange']}")))
    output.note(text.RESPOND_NEXT)
    output.warn(reply)


@command("inbox", about=text.INBOX_HELP)
@click.option("--through", metavar="PERSON", shell_complete=names.people, help=text.INBOX_THROUGH)
@click.option("--all", "everybody", is_flag=True, help=text.INBOX_ALL)
def inbox(call: Settings, through: str | None, everybody: bool) -> Any:
    return call.daily(daily, through=through, everybody=everybody)


@command("exchanges", about=text.EXCHANGES_HELP)
@click.argument("exchange", required=False, shell_complete=names.exchanges)
@click.option("--limit", type=int, help=text.LIMIT)
def exchanges(call: Settings, exchange: str | None, limit: int | None) -> Any:
    if exchange is not None:
        return Answer(call.client().get(f"/v1/exchanges/{segment(numbers.exchange(call, exchange))}"), _show_one)
    return Answer(call.client().get("/v1/exchanges", limit=limit), partial(_show_all, call))


def _show_one(reply: dict[str, Any]) -> None:
    output.say_lines(list(text.lines(reply, everything=True)))


def _show_all(call: Settings, reply: dict[str, Any]) -> None:
    people = forms.apart(each["with"] for each in reply["exchanges"])
    output.table(
        text.COLUMNS,
        [
            (
                text.short_id(each),
                each["listing"]["type"],
                each["listing"]["title"],
                people[each["with"]["id"]],
                text.STATES[each["state"]],
                forms.moment(each["changed"]),
            )
            for each in reply["exchanges"]
        ],
        empty=text.EMPTY,
        numbered=COLUMN,
    )
    if output.to_terminal():
        numbers.keep_exchanges(call, reply["exchanges"])
    left = reply["total"] - len(reply["exchanges"])
    if output.to_terminal() and left:
        output.note(text.more(left))


def _move(call: Settings, act: str, exchange: str, message: str) -> Any:
    taken = named("exchange", exchange) if act in TAKES_AWAY else numbers.exchange(call, exchange)
    return call.client().post(f"/v1/moves/{segment(taken)}", act=act, message=message)


def _show_sent(reply: dict[str, Any]) -> None:
    output.say(text.sent(reply))


@command("say", about=text.SAY_HELP, show=_show_sent)
@click.argument("exchange", shell_complete=names.exchanges)
@click.argument("text")
def say(call: Settings, exchange: str, text: str) -> Any:
    return _move(call, "say", exchange, text)


def _show_moved(reply: dict[str, Any]) -> None:
    output.say(text.summary(reply))


@command("accept", about=text.HELP["accept"], show=_show_moved)
@click.argument("exchange", shell_complete=names.exchanges)
@click.option("--message", default="", help=text.MESSAGE)
@asking.yes
@click.option("--renew", is_flag=True, help=text.RENEW)
def accept(call: Settings, exchange: str, message: str, yes: bool, renew: bool) -> Any:
    client, where = call.client(), segment(numbers.exchange(call, exchange))
    return asking.confirmed(
        call,
        lambda *, yes: client.post(f"/v1/moves/{where}", act="accept", message=message, anyway=yes, renew=renew),
        yes=yes,
    )


def _answer(act: str) -> Command:
    """Return the command for one move in an exchange that needs no confirmation."""

    def run(call: Settings, exchange: str, message: str) -> Any:
        return _move(call, act, exchange, message)

    parameters = [
        click.Argument(["exchange"], shell_complete=names.exchanges),
        click.Option(["--message"], default="", help=text.MESSAGE),
    ]
    return Command(act, callback=answering(run, _show_moved), params=parameters, help=text.HELP[act])


decline = _answer("decline")
done = _answer("done")
returned = _answer("returned")
cancel = _answer("cancel")
