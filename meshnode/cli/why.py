"""`why`: the way trust takes to a person or listing, and what would end it."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import names, output
from meshnode.cli.client import segment
from meshnode.cli.command import command, named, settings
from meshnode.cli.wording import RELATIONS


@command("why")
@click.argument("what", metavar="NAME-or-LISTING", shell_complete=names.listings_or_people)
@click.pass_context
def why(context: click.Context, what: str) -> None:
    """Why you see a person or listing, and what would end that."""
    reply = settings(context).client().get(f"/v1/why/{segment(named('person or listing', what))}")
    if settings(context).json:
        output.as_json(reply)
        return
    name = reply["person"]["name"]
    if reply["listing"] is not None:
        output.say(f", by {name} ({RELATIONS[reply['relation']]})", title=reply["listing"]["title"])
    else:
        output.say(f" ({RELATIONS[reply['relation']]})", title=name)
    if reply["relation"] == "yourself":
        return
    _say_path(f"How you trust {name}:", reply["regard"], f"There is no path of vouches from you to {name}.")
    _say_path(f"How {name}'s sharing reaches you:", reply["reach"], f"There is no path of vouches from {name} to you.")
    if reply["groups"]:
        output.say(f"You are both in {', '.join(reply['groups'])}.")
    if reply["needs"] is not None:
        output.say(
            f"Its audience ({reply['listing']['audience']}) asks for a reach of {output.weight(reply['needs'])} or more."
        )
    if reply["breaks"]:
        output.say("Any of these could end it:")
        for sentence in reply["breaks"]:
            output.say(f"  - {sentence}")


def _say_path(heading: str, path: dict[str, Any] | None, missing: str) -> None:
    if path is None:
        output.say(missing)
        return
    people = " -> ".join(person["name"] for person in path["people"])
    weights = " x ".join(output.weight(weight) for weight in path["weights"])
    product = f" = {output.weight(path['trust'])}" if len(path["weights"]) > 1 else ""
    output.say(heading)
    output.say(f"  {people}  ({weights}{product})")
