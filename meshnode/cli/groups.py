"""`cell` and `community`: found one, invite, join, leave, look. Both have the same commands, made once for each kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import click

from meshnode.cli import names, output
from meshnode.cli.client import segment
from meshnode.cli.command import Command, CommandGroup, named, settings
from meshnode.cli.wording import RELATIONS

_GROUP = "NAME"


def _new(kind: str, context: click.Context, group: str) -> None:
    reply = settings(context).client().post("/v1/groups", kind=kind, name=group)
    if settings(context).json:
        output.as_json(reply)
    else:
        output.say(f"The {kind} {reply['name']} is founded; 'meshnode {kind} invite' brings in others.")


def _invite(kind: str, context: click.Context, group: str, person: str) -> None:
    where = segment(named(kind, group))
    reply = settings(context).client().post(f"/v1/invitations/{where}?kind={kind}", person=named("person", person))
    if settings(context).json:
        output.as_json(reply)
    else:
        until = output.when(reply["expires"])
        output.say(f"{reply['person']['name']} is invited until {until}, and joins with 'meshnode {kind} join'.")


def _join(kind: str, context: click.Context, group: str) -> None:
    reply = settings(context).client().put(f"/v1/memberships/{segment(named(kind, group))}?kind={kind}")
    if settings(context).json:
        output.as_json(reply)
    else:
        output.say(f"You are in the {kind} {reply['name']}: {_members(reply)}.")


def _leave(kind: str, context: click.Context, group: str) -> None:
    reply = settings(context).client().delete(f"/v1/memberships/{segment(named(kind, group))}?kind={kind}")
    if settings(context).json:
        output.as_json(reply)
    else:
        output.say(f"You have left the {kind} {reply['name']}.")


def _show(kind: str, context: click.Context, group: str | None) -> None:
    reply = settings(context).client().get("/v1/groups", kind=kind, name=group)
    if settings(context).json:
        output.as_json(reply)
        return
    for one in reply["groups"]:
        _say_group(one)
    for waiting in reply["invitations"]:
        until = output.when(waiting["expires"])
        output.say(f": {waiting['inviter']['name']} invites you, until {until}", title=waiting["name"])
    if output.to_terminal() and not reply["groups"] and not reply["invitations"]:
        output.note(f"You are in no {kind} yet; 'meshnode {kind} new NAME' founds one.")


def _members(reply: dict[str, Any]) -> str:
    count = f"{reply['count']} member{'' if reply['count'] == 1 else 's'}"
    return f"{count}, forming" if reply["forming"] else count


def _say_group(reply: dict[str, Any]) -> None:
    output.say(f" ({_members(reply)})", title=reply["name"])
    for member in reply["members"]:
        output.say(f"  {member['person']['name']} ({RELATIONS[member['relation']]})")
    for invited in reply["invited"]:
        name = invited["person"]["name"] if invited["person"] else "somebody you no longer know"
        output.say(f"  {name} is invited until {output.when(invited['expires'])}")


def _family(kind: str, plural: str, about: str) -> CommandGroup:
    """The commands for one kind of group."""
    family = CommandGroup(kind, help=about)

    def add(
        name: str, callback: Callable[..., None], about: str, *more: click.Parameter, optional: bool = False
    ) -> None:
        known = None if name == "new" else names.groups
        label = f"[{_GROUP}]" if optional else _GROUP
        group = click.Argument(["group"], metavar=label, required=not optional, shell_complete=known)
        run = click.pass_context(partial(callback, kind))
        family.add_command(Command(name, callback=run, params=[group, *more], help=about))

    invited = click.Argument(["person"], metavar="PERSON", shell_complete=names.people)
    add("new", _new, f"Found a {kind}. You are its first member, and no more than that.")
    add("invite", _invite, f"Invite somebody to a {kind} of yours. After 30 days the invitation is gone.", invited)
    add("join", _join, f"Accept an invitation to a {kind}.")
    add("leave", _leave, f"Leave a {kind}. The others stay; only a new invitation leads back.")
    add("show", _show, f"The {plural} you are in, and invitations that wait.", optional=True)
    return family


cell = _family("cell", "cells", "A cell: 5 to 50 people who know each other.")
community = _family("community", "communities", "A community: people who belong together, however many.")
