"""`card` and `add`: two people are connected by one handing a card to the other."""

from __future__ import annotations

import sys
from typing import Any

import click

from meshnode.cli import output
from meshnode.cli.command import Span, Trust, command, named, settings
from meshnode.errors import Usage

CARD_READ_MAX = 64 * 1024  # characters read from a pipe: no card is longer, whatever else comes


@command("card")
@click.option("--uses", type=int, help="For how many people (1).")
@click.option("--trust", type=Trust(), help="What you vouch for whoever uses it (0.8).")
@click.option("--expires", type=Span(), help="How long it works (7d).")
@click.pass_context
def card(context: click.Context, uses: int | None, trust: float | None, expires: int | None) -> None:
    """Make a card to hand over; in a pipe, its text alone.

    Whoever adds it first is connected with you, so treat it like a key until it is used.
    """
    order = {"uses": uses, "trust": trust, "expires_in": expires}
    made = (
        settings(context)
        .client()
        .post("/v1/cards", **{key: value for key, value in order.items() if value is not None})
    )
    if settings(context).json:
        output.as_json(made)
    elif not output.to_terminal():
        output.say(made["text"])
    else:
        _show(made)


@command("add")
@click.argument("card_text", metavar="CARD", nargs=-1)
@click.option("--trust", type=Trust(), help="How much you trust the giver (0.8).")
@click.pass_context
def add(context: click.Context, card_text: tuple[str, ...], trust: float | None) -> None:
    """Add somebody's CARD: the text that 'meshnode card' printed there, or - to read it from a pipe.

    Or name somebody to whom you were introduced: 'meshnode introductions' lists them.
    """
    text = " ".join(card_text)
    if text == "-":
        text = sys.stdin.read(CARD_READ_MAX)
    if not text.strip():
        raise Usage("there is no card", "paste the text that 'meshnode card' prints; it begins with mesh1")
    added = settings(context).client().post("/v1/contacts", card=named("card", text), trust=trust)
    if settings(context).json:
        output.as_json(added)
        return
    name = added["person"]["name"]
    output.say(f"You vouch for {name} with {output.weight(added['trust'])}.")
    if not added["pending"]:
        output.say(f"{name} vouches for you too: you are connected.")
    elif not text.strip().lower().startswith("mesh1"):
        output.say(f"As soon as {name} adds you too, your nodes can find each other by themselves.")
    elif added["met"]:
        output.say(f"Your nodes are connected; {name}'s vouch for you is on its way.")
    else:
        output.say(f"{name} was not met yet. It completes by itself when your nodes meet; 'meshnode status' shows it.")


def _show(made: dict[str, Any]) -> None:
    output.say(made["text"])
    output.say()
    output.qr(made["text"])
    output.say()
    people = "one person" if made["uses"] == 1 else f"{made['uses']} people"
    output.say(
        f"For {people}, until {output.when(made['expires'])}. Whoever uses it gets your vouch of {output.weight(made['trust'])}."
    )
    output.say("They type:  meshnode add " + made["text"][:16] + "...")
