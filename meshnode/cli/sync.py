"""`sync`: bring everything up to date now."""

from __future__ import annotations

from typing import Any

from meshnode.cli import output
from meshnode.cli.command import Settings, command
from meshnode.text import node as text


def _show(reply: dict[str, Any]) -> None:
    for peer in reply["peers"]:
        output.say(text.synced(peer), title=peer["name"])
    missing = [person["name"] for person in reply["missing"]]
    if not reply["peers"]:
        output.say(text.SYNC_NOBODY if missing else text.SYNC_NOBODY_KNOWN)
    if missing:
        output.say(text.not_in_reach(missing))


@command("sync", about=text.SYNC_HELP, show=_show)
def sync(call: Settings) -> Any:
    return call.client().post("/v1/sync")
