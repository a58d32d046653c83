"""`stats`: how many exchanges were completed, and how many of them between communities."""

from __future__ import annotations

from typing import Any

from meshnode.cli import output
from meshnode.cli.command import Settings, command
from meshnode.text import exchanges as text


def _show(reply: dict[str, Any]) -> None:
    output.say(text.completed(reply))
    if reply["completed"]:
        output.say(text.communities(reply))
    for month in reply["months"]:
        output.say(text.part_of_stats(month["month"], month))
    for category in reply["categories"]:
        output.say(text.part_of_stats(category["category"], category))


@command("stats", about=text.STATS_HELP, show=_show)
def stats(call: Settings) -> Any:
    return call.client().get("/v1/stats")
