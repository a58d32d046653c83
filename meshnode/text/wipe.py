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
ONLY_KEY = message("! This computer has your identity's key: without it you can neither add nor revoke devices.")
NOT_RUNNING = message(
    "! The node does not run, so nobody can be told now: others keep seeing your posts until they expire. To tell them, "
    "start it first."
)
DAMAGED = message("! This node cannot be opened any longer, so nobody can be told.")
TELLING = message("Telling those in reach ...")
NOBODY_TOLD = message("Nobody was in reach. Others keep seeing your posts until they expire.")
STILL_RUNS = message("the node does not stop, so nothing was removed")
STILL_RUNS_HINT = message("stop it first, then do this again")
REMOVED = message("The node is removed from this computer.")
LEFT_HINT = message("remove them yourself, with the rights that it takes")
SERVICE = message("Its service is still installed. Remove it: meshnode service remove")
NAMED = 5  # of those who were told; the others are counted


def plan(view: dict[str, Any], home: object, *, runs: bool) -> list[str]:
    """Say what leaving would do (LeavingView of the API), a sentence a line; `runs` says whether the node does."""
    lines = [message("This removes your node in {home} with its keys, for good.", home=home)]
    if view.get("damaged"):
        return [*lines, str(DAMAGED)]
    if view["devices"]:
        names = forms.listed(view["devices"])
        lines.append(message("You go on with your other devices: {names}.", names=names))
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


def removed(reply: dict[str, Any]) -> list[str]:
    """Say what was done (the JSON of `wipe`), a sentence a line."""
    lines = [str(REMOVED)]
    if reply["devices"]:
        lines.append(
            message("Now on another device of yours: meshnode device revoke {name}", name=named(reply["this"]))
        )
    return lines
