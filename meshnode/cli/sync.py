"""`sync`: bring everything up to date now."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import output
from meshnode.cli.command import command, settings

MISSING_NAMED = 5


@command("sync")
@click.pass_context
def sync(context: click.Context) -> None:
    """Look for everybody you know and compare with all who are there, now."""
    reply = settings(context).client().post("/v1/sync")
    if settings(context).json:
        output.as_json(reply)
        return
    for peer in reply["peers"]:
        output.say(_outcome(peer), title=peer["name"])
    missing = [person["name"] for person in reply["missing"]]
    if not reply["peers"] and not missing:
        output.say("You are in touch with nobody yet. Give somebody your 'meshnode card', or 'meshnode add' theirs.")
    elif not reply["peers"]:
        output.say("Nobody is here. What you share waits, and goes on when you next meet.")
    if missing:
        more = f" and {len(missing) - MISSING_NAMED} more" if len(missing) > MISSING_NAMED else ""
        output.say(f"Not met: {', '.join(missing[:MISSING_NAMED])}{more}; 'meshnode doctor NAME' looks for the reason.")


def _outcome(peer: dict[str, Any]) -> str:
    came = f"{peer['came']} record{'' if peer['came'] == 1 else 's'} came" if peer["came"] else "nothing new"
    if not peer["done"]:
        return f": {came} so far, and more is on its way"
    return f": met just now, {came}" if peer["new"] else f": {came}"
