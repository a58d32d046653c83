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
    told = settings(context).client().get("/v1/people", all="true" if everybody else None)
    if settings(context).json:
        output.as_json(told)
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
            for person in told["people"]
        ],
        empty="Nobody yet. Give somebody your 'meshnode card', or 'meshnode add' theirs.",
    )
    if output.to_terminal() and told["others"]:
        output.note(f"{told['others']} more in your web: 'meshnode people --all'.")


@command("person")
@click.argument("name", shell_complete=names.people)
@click.pass_context
def person(context: click.Context, name: str) -> None:
    """What is known of a person."""
    told = settings(context).client().get(f"/v1/people/{segment(named('person', name))}")
    if settings(context).json:
        output.as_json(told)
        return
    output.say(f" ({RELATIONS[told['relation']]})", title=told["name"])
    output.say(told["id"])
    output.say(f"to compare by voice: {told['words']}")
    for line in told["about"].split("\n") if told["about"] else ():
        output.say(f"  {line}")
    if told["relation"] != "yourself":
        _say_vouches(told)


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
    told = client.put(f"/v1/vouches/{who}", trust=trust)
    if settings(context).json:
        output.as_json(told)
    else:
        output.say(f"You vouch for {told['name']} with {output.weight(told['vouch'])}.")


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
    told = client.delete(f"/v1/vouches/{who}")
    if settings(context).json:
        output.as_json(told)
    else:
        output.say(f"You no longer vouch for {told['name']}.")


def _say_vouches(told: dict[str, Any]) -> None:
    given, back = told["vouch"], told["vouch_back"]
    output.say(f"You vouch with {output.weight(given)}." if given else "You do not vouch for them.")
    if back:
        output.say(f"They vouch for you with {output.weight(back)}.")
    elif told["pending"]:
        output.say("Their card waits until your nodes meet.")
    else:
        output.say("They do not vouch for you.")
    if told["trust"] is not None:
        output.say(f"Trust from you to them: {output.weight(told['trust'])}.")
    output.say("Your nodes are connected now." if told["connected"] else "Your nodes are not connected now.")
