"""Texts about leaving for good and removing the node from this computer."""

from __future__ import annotations

from typing import Any

from meshnode.quoting import named
from meshnode.text import forms
from meshnode.text.catalog import message, plural

HELP = message(
    "Remove this node from this computer for good, with its keys. This cannot be undone.\n\n"
    "On your last device you leave first: exchanges are called off, posts withdrawn, groups left and your trust taken back, "
    "and people in reach are told. With other devices, they go on; revoke this one there. You confirm it with your name."
)
NAME = message("Your name, as a confirmation in place of typing it when asked.")
NOBODY_ASKED = message("this removes your node for good, and nobody is here to confirm it")
NOBODY_ASKED_HINT = message("confirm it with your name: meshnode wipe --name NAME")
OTHER_NAME = message("this is not your name, so nothing was removed")
ONLY_KEY = message(
    "! This computer has your identity's key: without it you can neither add nor revoke devices. Write down your recovery "
    "words first: meshnode recovery show"
)
ALONE_NOT_RUNNING = message(
    "! The node does not run, so it hands nothing over to them: what only this computer has is lost. To hand it over, start "
    "it first."
)
NOT_IN_REACH = message(
    "! None of them is in reach now: what only this computer has is lost. To hand it over, connect one of them first."
)
WITHOUT_KEY = message("If none has it any longer, your recovery words make one that has: meshnode init --recover")
HANDING_OVER = message("Handing over to your other devices ...")
HANDED_OVER = message("Your other devices in reach have what this one had.")
NO_DEVICE_REACHED = message("None of your other devices was in reach.")
NOT_HANDED_OVER = message("not everything could be handed over to your other devices yet, so nothing was removed")
NOT_HANDED_OVER_HINT = message("do this again; to remove the node all the same, stop it first")
NOT_RUNNING = message(
    "! The node does not run, so nobody can be told now: others keep seeing your posts until they expire. To tell them, "
    "start it first."
)
TELLING = message("Telling those in reach ...")
NOBODY_TOLD = message("Nobody was in reach. Others keep seeing your posts until they expire.")
STILL_RUNS = message("the node does not stop, so nothing was removed")
STILL_RUNS_HINT = message("stop it first, then do this again")
REMOVED = message("The node is removed from this computer.")
LEFT_HINT = message("remove them yourself, with the rights that it takes")
SERVICE = message("Its service is still installed. Remove it: meshnode service remove")
NAMED = 5  # of those who were told; the others are counted


def plan(view: dict[str, Any], home: object, *, runs: bool, in_reach: bool) -> list[str]:
    """Say what leaving would do (LeavingView of the API), a sentence a line.

    `runs` says whether the node does, and `in_reach` whether it is connected with another device of its owner.
    """
    lines = [message("This removes your node in {home} with its keys, for good.", home=home)]
    if view.get("closed"):
        why = view["closed"]
        return [*lines, message("! This node cannot be opened, so nobody can be told. {why}", why=why)]
    if view["devices"]:
        names = forms.listed(view["devices"])
        lines.append(message("You go on with your other devices: {names}.", names=names))
        if not in_reach:
            lines.append(str(NOT_IN_REACH if runs else ALONE_NOT_RUNNING))
        return [*lines, str(ONLY_KEY)] if view["identity"] else lines
    if not runs:
        return [*lines, str(NOT_RUNNING)]
    lines.append(message("It is your last device, so you leave your neighbors:"))
    for count, said in (
        (
            view["exchanges"],
            plural(view["exchanges"], "  1 exchange is called off.", "  {n} exchanges are called off."),
        ),
        (view["listings"], plural(view["listings"], "  1 post is withdrawn.", "  {n} posts are withdrawn.")),
        (view["groups"], plural(view["groups"], "  You leave 1 group.", "  You leave {n} groups.")),
        (
            view["vouches"],
            plural(
                view["vouches"], "  You take back your trust in 1 person.", "  You take back your trust in {n} people."
            ),
        ),
    ):
        if count:
            lines.append(said)
    return lines


def type_name(name: str) -> str:
    """Ask for the name as a confirmation."""
    return message("To go on, type your name ({name})", name=name)


def other_name_hint(name: str) -> str:
    """Say how the name is written."""
    return message("type it as it is written: {name}", name=name)


def told(names: list[str]) -> str:
    """Name those who were told."""
    return message("Told: {names}.", names=forms.first_few(names, NAMED)) if names else str(NOBODY_TOLD)


def left(count: int, home: object) -> str:
    """Say that files could not be removed."""
    return plural(count, "1 file in {home} could not be removed", "{n} files in {home} could not be removed", home=home)


def removed(view: dict[str, Any]) -> list[str]:
    """Say what was done, and how the device is revoked that was wiped (the LeavingView before it), a sentence a line."""
    lines = [str(REMOVED)]
    if view["devices"]:
        name = named(view["this"])
        lines.append(message("Now on a device that has your identity's key: meshnode device revoke {name}", name=name))
        if view["identity"]:
            lines.append(str(WITHOUT_KEY))
    return lines
