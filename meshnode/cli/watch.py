"""`watch`: saved searches that tell you when something comes into view that matches."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import output
from meshnode.cli.client import segment
from meshnode.cli.command import Command, CommandGroup, named, settings
from meshnode.cli.discover import as_asked, sought

watch = CommandGroup("watch", help="Searches that you save: you are told when something comes into view that matches.")


@watch.command("add", cls=Command)
@sought
@click.pass_context
def add(context: click.Context, /, **given: Any) -> None:
    """Look out for WORDS, with the options of discover."""
    asked = {name: value for name, value in as_asked(given).items() if value is not None}
    reply = settings(context).client().post("/v1/watches", **asked)
    if settings(context).json:
        output.as_json(reply)
    else:
        output.say(f"Watch {reply['id']} looks out for {_about(reply)}; 'meshnode news' shows what comes.")


@watch.command("list", cls=Command)
@click.pass_context
def list_(context: click.Context) -> None:
    """What you look out for, and what came."""
    reply = settings(context).client().get("/v1/watches")
    if settings(context).json:
        output.as_json(reply)
        return
    for one in reply["watches"]:
        output.say(f"{one['id']}: {_about(one)}")
        for alert in one["alerts"]:
            output.say(f"  {alert['title']} ({alert['listing'][:8]}), {output.when(alert['at'])}")
    if output.to_terminal() and not reply["watches"]:
        output.note("You look out for nothing yet; 'meshnode watch add WORDS' does.")


@watch.command("rm", cls=Command)
@click.argument("number")
@click.pass_context
def remove(context: click.Context, number: str) -> None:
    """End the watch NUMBER."""
    reply = settings(context).client().delete(f"/v1/watches/{segment(named('watch', number))}")
    if settings(context).json:
        output.as_json(reply)
    else:
        output.say(f"Watch {reply['id']} has ended: {_about(reply)}.")


def _about(reply: dict[str, Any]) -> str:
    """What a watch looks for, in words."""
    parts = [f"'{reply['words']}'"] if reply["words"] else []
    parts += [f"{reply['type']}s"] if reply["type"] else []
    parts += [reply[name] for name in ("category", "audience") if reply[name]]
    if reply["anywhere"]:
        parts.append("anywhere")
    elif reply["within"] is not None:
        parts.append(f"within {reply['within']:g}km")
    if reply["trust"] is not None:
        parts.append(f"trust {output.weight(reply['trust'])}")
    return ", ".join(parts)
