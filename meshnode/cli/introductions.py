"""`introduce` and `introductions`: two people get to know each other through a third."""

from __future__ import annotations

import click

from meshnode.cli import names, output
from meshnode.cli.command import command, named, settings


@command("introduce")
@click.argument("name", shell_complete=names.people)
@click.argument("other", shell_complete=names.people)
@click.option("--message", default="", help="What you say to both.")
@click.pass_context
def introduce(context: click.Context, name: str, other: str, message: str) -> None:
    """Introduce two people whom you vouch for to each other.

    Each gets a letter that says who the other is. They are connected when each has added the other.
    """
    done = (
        settings(context)
        .client()
        .post("/v1/introductions", one=named("person", name), other=named("person", other), message=message)
    )
    if settings(context).json:
        output.as_json(done)
        return
    both = " and ".join(person["name"] for person in done["people"])
    output.say(f"{both} each get a letter about the other. It is for them to add each other.")


@command("introductions")
@click.pass_context
def introductions(context: click.Context) -> None:
    """To whom you were introduced, and by whom."""
    reply = settings(context).client().get("/v1/introductions")
    if settings(context).json:
        output.as_json(reply)
        return
    output.table(
        ("name", "id", "by", "when", "message"),
        [
            (
                met["person"]["name"],
                met["person"]["id"][:11],
                met["by"]["name"],
                output.when(met["at"]),
                met["message"].replace("\n", " "),
            )
            for met in reply["introductions"]
        ],
        empty="Nobody has introduced you to anybody lately.",
    )
    if output.to_terminal() and reply["introductions"]:
        output.note("'meshnode add NAME' adds one of them.")
