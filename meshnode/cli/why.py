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
    told = settings(context).client().get(f"/v1/why/{segment(named('person or listing', what))}")
    if settings(context).json:
        output.as_json(told)
        return
    name = told["person"]["name"]
    if told["listing"] is not None:
        output.say(f", by {name} ({RELATIONS[told['relation']]})", title=told["listing"]["title"])
    else:
        output.say(f" ({RELATIONS[told['relation']]})", title=name)
    if told["relation"] == "yourself":
        return
    _say_path(f"How you trust {name}:", told["regard"], f"There is no path of vouches from you to {name}.")
    _say_path(f"How {name}'s sharing reaches you:", told["reach"], f"There is no path of vouches from {name} to you.")
    if told["groups"]:
        output.say(f"You are both in {', '.join(told['groups'])}.")
    if told["needs"] is not None:
        output.say(
            f"Its audience ({told['listing']['audience']}) asks for a reach of {output.weight(told['needs'])} or more."
        )
    if told["breaks"]:
        output.say("Any of these could end it:")
        for sentence in told["breaks"]:
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
