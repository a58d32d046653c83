"""`cell` and `community`: found one, invite, join, leave, look. Both have the same commands, made once for each kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import click

from meshnode.cli import names, output
from meshnode.cli.client import segment
from meshnode.cli.command import Command, Family, named, settings
from meshnode.cli.wording import RELATIONS

_GROUP = "NAME"


def _new(kind: str, context: click.Context, group: str) -> None:
    told = settings(context).client().post("/v1/groups", kind=kind, name=group)
    if settings(context).json:
        output.as_json(told)
    else:
        output.say(f"The {kind} {told['name']} is founded; 'meshnode {kind} invite' brings in others.")


def _invite(kind: str, context: click.Context, group: str, person: str) -> None:
    where = segment(named(kind, group))
    told = settings(context).client().post(f"/v1/invitations/{where}?kind={kind}", person=named("person", person))
    if settings(context).json:
        output.as_json(told)
    else:
        until = output.when(told["expires"])
        output.say(f"{told['person']['name']} is invited until {until}, and joins with 'meshnode {kind} join'.")


def _join(kind: str, context: click.Context, group: str) -> None:
    told = settings(context).client().put(f"/v1/memberships/{segment(named(kind, group))}?kind={kind}")
    if settings(context).json:
        output.as_json(told)
    else:
        output.say(f"You are in the {kind} {told['name']}: {_members(told)}.")


def _leave(kind: str, context: click.Context, group: str) -> None:
    told = settings(context).client().delete(f"/v1/memberships/{segment(named(kind, group))}?kind={kind}")
    if settings(context).json:
        output.as_json(told)
    else:
        output.say(f"You have left the {kind} {told['name']}.")


def _show(kind: str, context: click.Context, group: str | None) -> None:
    told = settings(context).client().get("/v1/groups", kind=kind, name=group)
    if settings(context).json:
        output.as_json(told)
        return
    for one in told["groups"]:
        _say_group(one)
    for waiting in told["invitations"]:
        until = output.when(waiting["expires"])
        output.say(f": {waiting['inviter']['name']} invites you, until {until}", title=waiting["name"])
    if output.to_terminal() and not told["groups"] and not told["invitations"]:
        output.note(f"You are in no {kind} yet; 'meshnode {kind} new NAME' founds one.")


def _members(told: dict[str, Any]) -> str:
    count = f"{told['count']} member{'' if told['count'] == 1 else 's'}"
    return f"{count}, forming" if told["forming"] else count


def _say_group(told: dict[str, Any]) -> None:
    output.say(f" ({_members(told)})", title=told["name"])
    for member in told["members"]:
        output.say(f"  {member['person']['name']} ({RELATIONS[member['relation']]})")
    for invited in told["invited"]:
        name = invited["person"]["name"] if invited["person"] else "somebody you no longer know"
        output.say(f"  {name} is invited until {output.when(invited['expires'])}")


def _family(kind: str, plural: str, about: str) -> Family:
    """The commands for one kind of group."""
    family = Family(kind, help=about)

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
