"""`respond`, `inbox`, `accept` and so on: asking for what others share, answering, and confirming that it was done."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import names, output
from meshnode.cli.client import segment
from meshnode.cli.command import Command, command, named, settings
from meshnode.cli.exchange_text import lines, short, summary

_MESSAGE = click.option("--message", default="", help="Words to go with it.")


@command("respond")
@click.argument("listing", shell_complete=names.others_listings)
@_MESSAGE
@click.option("--quantity", type=int, help="How many; one if left out.")
@click.pass_context
def respond(context: click.Context, listing: str, message: str, quantity: int | None) -> None:
    """Ask for what somebody offers, or offer what somebody needs."""
    client = settings(context).client()
    reply = client.post(f"/v1/requests/{segment(named('listing', listing))}", message=message, quantity=quantity)
    if settings(context).json:
        output.as_json(reply)
        return
    seen = client.get(f"/v1/exchanges/{reply['exchange']}")
    output.say(summary(seen))
    output.note("The answer comes when your nodes have met, or others in between: 'meshnode inbox' shows it.")


@command("inbox")
@click.pass_context
def inbox(context: click.Context) -> None:
    """What waits for you, and what you were told lately."""
    reply = settings(context).client().get("/v1/inbox")
    if settings(context).json:
        output.as_json(reply)
        return
    for each in reply:
        for line in lines(each):
            output.say(line)
    if output.to_terminal() and not reply:
        output.note("Nothing waits for you; 'meshnode exchanges' lists all that was.")


@command("exchanges")
@click.argument("exchange", required=False, shell_complete=names.exchanges)
@click.option("--limit", type=int, help="At most so many (100).")
@click.pass_context
def exchanges(context: click.Context, exchange: str | None, limit: int | None) -> None:
    """Your exchanges, or one of them with all that was said."""
    client = settings(context).client()
    if exchange is not None:
        one = client.get(f"/v1/exchanges/{segment(named('exchange', exchange))}")
        _say_one(context, one)
        return
    reply = client.get("/v1/exchanges", limit=limit)
    if settings(context).json:
        output.as_json(reply)
        return
    output.table(
        ("id", "listing", "with", "state", "since"),
        [
            (short(each), each["listing"]["title"], each["with"]["name"], each["state"], output.when(each["changed"]))
            for each in reply
        ],
        empty="No exchanges yet; 'meshnode respond LISTING' begins one.",
    )


@command("say")
@click.argument("exchange", shell_complete=names.exchanges)
@click.argument("text")
@click.pass_context
def say(context: click.Context, exchange: str, text: str) -> None:
    """Say something to the other in an exchange; only the two of you can read it."""
    _move(context, "say", exchange, text)


def _say_one(context: click.Context, reply: dict[str, Any]) -> None:
    if settings(context).json:
        output.as_json(reply)
        return
    for line in lines(reply, everything=True):
        output.say(line)


def _move(context: click.Context, act: str, exchange: str, message: str) -> None:
    where = segment(named("exchange", exchange))
    reply = settings(context).client().post(f"/v1/moves/{where}", act=act, message=message)
    if settings(context).json:
        output.as_json(reply)
    elif act == "say":
        output.say(f"Said to {reply['with']['name']}.")
    else:
        output.say(summary(reply))


def _answer(act: str, about: str) -> Command:
    """The command for one move in an exchange."""

    @click.pass_context
    def run(context: click.Context, exchange: str, message: str) -> None:
        _move(context, act, exchange, message)

    parameters = [
        click.Argument(["exchange"], shell_complete=names.exchanges),
        click.Option(["--message"], default="", help="Words to go with it."),
    ]
    return Command(act, callback=run, params=parameters, help=about)


accept = _answer("accept", "Say yes to what somebody asks of you, or would do for you.")
decline = _answer("decline", "Say no to it.")
done = _answer("done", "Say that it was handed over; when both have said so, it is completed.")
returned = _answer("returned", "Say that what was lent is back.")
cancel = _answer("cancel", "Call an exchange off, at any point before both have said that it is done.")
