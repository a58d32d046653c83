"""`people`, `person`, `vouch` and `unvouch`: the people you know, and how much you trust them."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import asking, names, output, preview
from meshnode.cli.client import segment
from meshnode.cli.command import Settings, Trust, command, named
from meshnode.cli.daily import people as daily
from meshnode.text import paging
from meshnode.text import people as text


@command("people", about=text.PEOPLE_HELP)
@click.option("--all", "everybody", is_flag=True, help=text.PEOPLE_ALL)
@click.option("--page", type=int, help=paging.PAGE)
def people(call: Settings, everybody: bool, page: int | None) -> Any:
    return call.daily(daily, everybody=everybody, page=page)


def show_person(reply: dict[str, Any]) -> None:
    """Print what is known of a person (PersonView of the API)."""
    output.say(text.related(reply["relation"]), title=reply["name"])
    if reply["own_name"] or reply["renamed"]:
        output.say(text.calls_themself(reply["public_name"]))
    output.say(reply["id"])
    output.say(text.fingerprint(reply["words"]))
    for line in reply["about"].split("\n") if reply["about"] else ():
        output.say(f"  {line}")
    if reply["relation"] != "yourself":
        output.say_lines(text.vouches(reply))


@command("person", about=text.PERSON_HELP, show=show_person)
@click.argument("name", shell_complete=names.people)
def person(call: Settings, name: str) -> Any:
    return call.client().get(f"/v1/people/{segment(named('person', name))}")


def _show_vouched(reply: dict[str, Any]) -> None:
    output.say(text.trusted(reply["name"], reply["vouch"]))


@command("vouch", about=text.VOUCH_HELP, show=_show_vouched)
@click.argument("name", shell_complete=names.people)
@click.option("--trust", type=Trust(), required=True, help=text.VOUCH_TRUST)
@preview.what_if
@asking.yes
def vouch(call: Settings, name: str, trust: float, what_if: bool, yes: bool) -> Any:
    client, who = call.client(), segment(named("person", name))
    if what_if:
        return preview.what_if_answer(client.post(f"/v1/what-if/vouch/{who}", trust=trust))
    path = f"/v1/vouches/{who}"
    return asking.confirmed(call, lambda *, yes: client.put(path, trust=trust, anyway=yes), yes=yes)


def _show_unvouched(reply: dict[str, Any]) -> None:
    output.say(text.unvouched(reply["name"]))


@command("unvouch", about=text.UNVOUCH_HELP, show=_show_unvouched)
@click.argument("name", shell_complete=names.people)
@preview.what_if
def unvouch(call: Settings, name: str, what_if: bool) -> Any:
    client, who = call.client(), segment(named("person", name))
    if what_if:
        return preview.what_if_answer(client.post(f"/v1/what-if/unvouch/{who}"))
    return client.delete(f"/v1/vouches/{who}")
