"""`cell` and `community`: both have the same commands, made once for each kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import click

from meshnode.cli import names, output
from meshnode.cli.client import segment
from meshnode.cli.command import Command, CommandGroup, Settings, Show, answering, named
from meshnode.text import forms
from meshnode.text import groups as text

_GROUP = "NAME"


def _new(kind: str, call: Settings, group: str) -> Any:
    return call.client().post("/v1/groups", kind=kind, name=group)


def _invite(kind: str, call: Settings, group: str, person: str) -> Any:
    where = segment(named(kind, group))
    return call.client().post(f"/v1/invitations/{where}?kind={kind}", person=named("person", person))


def _join(kind: str, call: Settings, group: str) -> Any:
    return call.client().put(f"/v1/memberships/{segment(named(kind, group))}?kind={kind}")


def _leave(kind: str, call: Settings, group: str) -> Any:
    return call.client().delete(f"/v1/memberships/{segment(named(kind, group))}?kind={kind}")


def _show(kind: str, call: Settings, group: str | None) -> Any:
    return call.client().get("/v1/groups", kind=kind, name=group)


def _show_created(kind: str, reply: dict[str, Any]) -> None:
    output.say(text.created(kind, reply["name"]))


def _show_invited(kind: str, reply: dict[str, Any]) -> None:
    output.say(text.invited(kind, reply))


def _show_joined(kind: str, reply: dict[str, Any]) -> None:
    output.say(text.joined(kind, reply))


def _show_left(kind: str, reply: dict[str, Any]) -> None:
    output.say(text.left(kind, reply["name"]))


def _show_groups(kind: str, reply: dict[str, Any]) -> None:
    groups = forms.apart((*reply["groups"], *reply["invitations"]))
    for group in reply["groups"]:
        output.say(f" ({text.members(group)})", title=groups[group["id"]])
        people = forms.apart(member["person"] for member in group["members"])
        for member in group["members"]:
            output.say(text.member(member, people[member["person"]["id"]]))
        for invited in group["invited"]:
            output.say(text.invited_member(invited))
    for invitation in reply["invitations"]:
        output.say(text.invitation(invitation), title=groups[invitation["id"]])
    if output.to_terminal() and not reply["groups"] and not reply["invitations"]:
        output.note(text.EMPTY[kind])


def _family(kind: str) -> CommandGroup:
    """Return the commands for one kind of group."""
    family = CommandGroup(kind, help=text.HELP[kind])

    def add(
        name: str,
        ask: Callable[..., Any],
        show: Callable[[str, dict[str, Any]], None],
        about: dict[str, str],
        *more: click.Parameter,
    ) -> None:
        optional = name == "show"
        label = f"[{_GROUP}]" if optional else _GROUP
        complete = None if name == "new" else names.groups
        group = click.Argument(["group"], metavar=label, required=not optional, shell_complete=complete)
        shown: Show = partial(show, kind)
        run = answering(partial(ask, kind), shown)
        family.add_command(Command(name, callback=run, params=[group, *more], help=about[kind]))

    invited = click.Argument(["person"], metavar="PERSON", shell_complete=names.people)
    add("new", _new, _show_created, text.NEW_HELP)
    add("invite", _invite, _show_invited, text.INVITE_HELP, invited)
    add("join", _join, _show_joined, text.JOIN_HELP)
    add("leave", _leave, _show_left, text.LEAVE_HELP)
    add("show", _show, _show_groups, text.SHOW_HELP)
    return family


cell = _family("cell")
community = _family("community")
