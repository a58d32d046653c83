"""`people`, `person`, `vouch` and `unvouch`: whom you know, and what you say of them."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import names, output, preview
from meshnode.cli.client import segment
from meshnode.cli.command import Trust, command, named, settings
from meshnode.cli.wording import RELATIONS


@command("people")
@click.option("--all", "everybody", is_flag=True, help="Everybody of your web, not only direct contacts.")
@click.pass_context
def people(context: click.Context, everybody: bool) -> None:
    """Whom you know."""
    reply = settings(context).client().get("/v1/people", all="true" if everybody else None)
    if settings(context).json:
        output.as_json(reply)
        return
    output.table(
        ("name", "id", "trust", "you vouch", "they vouch", "how"),
        [
            (
                person["name"],
                person["id"][:11],
                output.weight(person["trust"]),
                output.weight(person["vouch"]),
                "waiting" if person["pending"] and not person["vouch_back"] else output.weight(person["vouch_back"]),
                RELATIONS[person["relation"]] + (", connected" if person["connected"] else ""),
            )
            for person in reply["people"]
        ],
        empty="Nobody yet. Give somebody your 'meshnode card', or 'meshnode add' theirs.",
    )
    if output.to_terminal() and reply["others"]:
        output.note(f"{reply['others']} more in your web: 'meshnode people --all'.")


@command("person")
@click.argument("name", shell_complete=names.people)
@click.pass_context
def person(context: click.Context, name: str) -> None:
    """What is known of a person."""
    reply = settings(context).client().get(f"/v1/people/{segment(named('person', name))}")
    if settings(context).json:
        output.as_json(reply)
        return
    output.say(f" ({RELATIONS[reply['relation']]})", title=reply["name"])
    output.say(reply["id"])
    output.say(f"to compare by voice: {reply['words']}")
    for line in reply["about"].split("\n") if reply["about"] else ():
        output.say(f"  {line}")
    if reply["relation"] != "yourself":
        _say_vouches(reply)


@command("vouch")
@click.argument("name", shell_complete=names.people)
@click.option("--trust", type=Trust(), required=True, help="How much you trust them.")
@preview.what_if
@click.pass_context
def vouch(context: click.Context, name: str, trust: float, what_if: bool) -> None:
    """Vouch for a person, in place of what you said before."""
    client, who = settings(context).client(), segment(named("person", name))
    if what_if:
        preview.say_what_if(context, client.post(f"/v1/what-if/vouch/{who}", trust=trust))
        return
    reply = client.put(f"/v1/vouches/{who}", trust=trust)
    if settings(context).json:
        output.as_json(reply)
    else:
        output.say(f"You vouch for {reply['name']} with {output.weight(reply['vouch'])}.")


@command("unvouch")
@click.argument("name", shell_complete=names.people)
@preview.what_if
@click.pass_context
def unvouch(context: click.Context, name: str, what_if: bool) -> None:
    """Take back your vouch for a person."""
    client, who = settings(context).client(), segment(named("person", name))
    if what_if:
        preview.say_what_if(context, client.post(f"/v1/what-if/unvouch/{who}"))
        return
    reply = client.delete(f"/v1/vouches/{who}")
    if settings(context).json:
        output.as_json(reply)
    else:
        output.say(f"You no longer vouch for {reply['name']}.")


def _say_vouches(reply: dict[str, Any]) -> None:
    given, back = reply["vouch"], reply["vouch_back"]
    output.say(f"You vouch with {output.weight(given)}." if given else "You do not vouch for them.")
    if back:
        output.say(f"They vouch for you with {output.weight(back)}.")
    elif reply["pending"]:
        output.say("Their card waits until your nodes meet.")
    else:
        output.say("They do not vouch for you.")
    if reply["trust"] is not None:
        output.say(f"Trust from you to them: {output.weight(reply['trust'])}.")
    output.say("Your nodes are connected now." if reply["connected"] else "Your nodes are not connected now.")
