"""`why`: the path of trust to a person or a post, and what would end it."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import names, numbers, output
from meshnode.cli.client import segment
from meshnode.cli.command import Settings, command
from meshnode.quoting import named
from meshnode.text import people
from meshnode.text import why as text


def _show(reply: dict[str, Any]) -> None:
    name = named(reply["person"]["name"])
    if reply["listing"] is not None:
        output.say(text.why_author(reply), title=named(reply["listing"]["title"]))
    else:
        output.say(people.related(reply["relation"]), title=name)
    if reply["relation"] == "yourself":
        return
    _show_path(text.why_regard(name), reply["regard"], text.why_no_regard(name))
    _show_path(text.why_reach(name), reply["reach"], text.why_no_reach(name))
    if reply["groups"]:
        output.say(text.why_groups(reply["groups"]))
    if reply["needs"] is not None:
        output.say(text.why_needs(reply["needs"]))
    if reply["breaks"]:
        output.say(text.WHY_BREAKS)
        for each in reply["breaks"]:
            output.say(text.why_break(each, name))


def _show_path(heading: str, path: dict[str, Any] | None, missing: str) -> None:
    if path is None:
        output.say(missing)
        return
    output.say(heading)
    output.say(text.why_path(path))


@command("why", about=text.WHY_HELP, show=_show)
@click.argument("what", metavar="NAME-or-LISTING", shell_complete=names.listings_or_people)
def why(call: Settings, what: str) -> Any:
    return call.client().get(f"/v1/why/{segment(numbers.post(call, what, 'person_or_post'))}")
