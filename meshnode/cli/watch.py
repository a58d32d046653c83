"""`watch`: saved searches that tell you when something comes into view that matches."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import output
from meshnode.cli.client import segment
from meshnode.cli.command import Command, Family, named, settings
from meshnode.cli.discover import as_asked, sought

watch = Family("watch", help="Searches that you save: you are told when something comes into view that matches.")


@watch.command("add", cls=Command)
@sought
@click.pass_context
def add(context: click.Context, /, **given: Any) -> None:
    """Look out for WORDS, with the options of discover."""
    asked = {name: value for name, value in as_asked(given).items() if value is not None}
    told = settings(context).client().post("/v1/watches", **asked)
    if settings(context).json:
        output.as_json(told)
    else:
        output.say(f"Watch {told['id']} looks out for {_about(told)}; 'meshnode news' shows what comes.")


@watch.command("list", cls=Command)
@click.pass_context
def list_(context: click.Context) -> None:
    """What you look out for, and what came."""
    told = settings(context).client().get("/v1/watches")
    if settings(context).json:
        output.as_json(told)
        return
    for one in told["watches"]:
        output.say(f"{one['id']}: {_about(one)}")
        for alert in one["alerts"]:
            output.say(f"  {alert['title']} ({alert['listing'][:8]}), {output.when(alert['at'])}")
    if output.to_terminal() and not told["watches"]:
        output.note("You look out for nothing yet; 'meshnode watch add WORDS' does.")


@watch.command("rm", cls=Command)
@click.argument("number")
@click.pass_context
def remove(context: click.Context, number: str) -> None:
    """End the watch NUMBER."""
    told = settings(context).client().delete(f"/v1/watches/{segment(named('watch', number))}")
    if settings(context).json:
        output.as_json(told)
    else:
        output.say(f"Watch {told['id']} has ended: {_about(told)}.")


def _about(told: dict[str, Any]) -> str:
    """What a watch looks for, in words."""
    parts = [f"'{told['words']}'"] if told["words"] else []
    parts += [f"{told['type']}s"] if told["type"] else []
    parts += [told[name] for name in ("category", "audience") if told[name]]
    if told["anywhere"]:
        parts.append("anywhere")
    elif told["within"] is not None:
        parts.append(f"within {told['within']:g}km")
    if told["trust"] is not None:
        parts.append(f"trust {output.weight(told['trust'])}")
    return ", ".join(parts)
