"""Texts about cells and communities."""

from __future__ import annotations

from typing import Any

from meshnode.quoting import named
from meshnode.text import forms
from meshnode.text.catalog import message, plural
from meshnode.text.choices import RELATIONS

HELP = {
    "cell": message("A cell: 5 to 50 people who know each other."),
    "community": message("A community: people who belong together, in any number."),
}
NEW_HELP = {
    "cell": message("Create a cell. You are its first member, with the same rights as all the others."),
    "community": message("Create a community. You are its first member, with the same rights as all the others."),
}
INVITE_HELP = {
    "cell": message("Invite a person to one of your cells. The invitation is valid for 30 days."),
    "community": message("Invite a person to one of your communities. The invitation is valid for 30 days."),
}
JOIN_HELP = {
    "cell": message("Accept an invitation to a cell."),
    "community": message("Accept an invitation to a community."),
}
LEAVE_HELP = {
    "cell": message("Leave a cell. To come back, you need a new invitation."),
    "community": message("Leave a community. To come back, you need a new invitation."),
}
SHOW_HELP = {
    "cell": message("Show your cells, their members, and your invitations."),
    "community": message("Show your communities, their members, and your invitations."),
}
EMPTY = {
    "cell": message("You are in no cell yet. Create one: meshnode cell new NAME"),
    "community": message("You are in no community yet. Create one: meshnode community new NAME"),
}


def created(kind: str, name: str) -> str:
    """Say that a group was created, and how others come in."""
    if kind == "cell":
        return message("You created the cell {name}. Invite others: meshnode cell invite NAME PERSON", name=named(name))
    return message(
        "You created the community {name}. Invite others: meshnode community invite NAME PERSON", name=named(name)
    )


def invited(kind: str, reply: dict[str, Any]) -> str:
    """Say until when somebody can join, and how."""
    name, until = named(reply["person"]["name"]), forms.day(reply["expires"])
    if kind == "cell":
        return message(
            "{name} is invited until {until}, and can join with 'meshnode cell join'.", name=name, until=until
        )
    return message(
        "{name} is invited until {until}, and can join with 'meshnode community join'.", name=name, until=until
    )


def joined(kind: str, reply: dict[str, Any]) -> str:
    """Say that you are a member now."""
    if kind == "cell":
        return message("You are in the cell {name}: {members}.", name=named(reply["name"]), members=members(reply))
    return message("You are in the community {name}: {members}.", name=named(reply["name"]), members=members(reply))


def left(kind: str, name: str) -> str:
    """Say that you are no longer a member."""
    if kind == "cell":
        return message("You left the cell {name}.", name=named(name))
    return message("You left the community {name}.", name=named(name))


def members(reply: dict[str, Any]) -> str:
    """Return how many members a group has; a cell with fewer than five is still forming."""
    if reply["forming"]:
        return plural(reply["count"], "1 member, forming", "{n} members, forming")
    return plural(reply["count"], "1 member", "{n} members")


def member(person: dict[str, Any], name: str) -> str:
    """Return a member, who is named so, with the label that they have for you."""
    return message("  {name} ({relation})", name=name, relation=RELATIONS[person["relation"]])


def invited_member(person: dict[str, Any]) -> str:
    """Return somebody whom you have invited."""
    name = named(person["person"]["name"]) if person["person"] else message("somebody you no longer know")
    return message("  {name} is invited until {until}", name=name, until=forms.day(person["expires"]))


def invitation(reply: dict[str, Any]) -> str:
    """Return who invites you to the group whose name goes before this."""
    return message(
        ": {name} invites you, until {until}",
        name=named(reply["inviter"]["name"]),
        until=forms.day(reply["expires"]),
    )
