"""`news`: what came into view since you looked last."""

from __future__ import annotations

import click

from meshnode.cli import output
from meshnode.cli.command import command, settings
from meshnode.cli.discover import as_line
from meshnode.errors import Usage


@command("news")
@click.option("--peek", is_flag=True, help="Look without taking note: all of it stays new.")
@click.option("--clear", is_flag=True, help="Show nothing, and take all for seen.")
@click.option("--limit", type=int, help="At most so many at a time (100).")
@click.pass_context
def news(context: click.Context, *, peek: bool, clear: bool, limit: int | None) -> None:
    """What came into view since you looked last: new listings, and old ones of people you have come to trust."""
    if peek and clear:
        raise Usage("--peek and --clear contradict each other")
    client = settings(context).client()
    if peek:
        reply = client.get("/v1/news", limit=limit)
    else:
        asked = {"clear": clear} | ({} if limit is None else {"limit": limit})
        reply = client.post("/v1/news", **asked)
    if settings(context).json:
        output.as_json(reply)
        return
    watched: dict[str, list[str]] = {}
    for alert in reply["alerts"]:
        watched.setdefault(alert["listing"], []).append(str(alert["watch"]))
    for result in reply["results"]:
        by = watched.get(result["id"])
        output.say(as_line(result) + (f" [watch {', '.join(by)}]" if by else ""))
    if not output.to_terminal():
        return
    left = reply["total"] - len(reply["results"])
    if clear:
        output.note(f"{reply['total']} taken for seen.")
    elif left:
        output.note(f"{left} more: {'--limit shows' if peek else 'meshnode news once more shows'} them.")
    elif not reply["results"]:
        output.note("Nothing new; 'meshnode discover' shows all there is.")
