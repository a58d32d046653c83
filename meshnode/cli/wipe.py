"""`wipe`: leave for good, and remove the node with its keys from this computer. It works without a daemon too."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import click

from meshnode.cli import apart, output
from meshnode.cli.command import Answer, Settings, command
from meshnode.errors import Failed, MeshnodeError, Refused, Usage
from meshnode.home import Home, HomeLock
from meshnode.text import errors
from meshnode.text import wipe as text

STOP_SECONDS = 15.0  # until a node that was told to stop counts as one that does not
LOOK_SECONDS = 0.1
HAND_OVER_SECONDS = 120.0  # until other devices in reach have what only this one has; one `sync` waits 10 s


@command("wipe", about=text.HELP)
@click.option("--name", help=text.NAME)
def wipe(call: Settings, name: str | None) -> Any:
    home = call.chosen_home()
    home.check()
    view, runs = _look(call, home)
    in_reach = runs and _others_in_reach(call, view)
    for line in text.plan(view, home.path, runs=runs, in_reach=in_reach):
        output.note(line)
    typed = _confirmed(call, name, view)
    told: list[str] = []
    if runs and view["devices"]:
        _hand_over(call, typed, view["person"], in_reach=in_reach)
    elif runs:
        told = _leave(call, typed)
    lock = _stopped(home)
    from meshnode.erasure import erase

    with lock:
        left = erase(home)
    if left:
        raise Failed(text.left(left, home.path), text.LEFT_HINT)
    from meshnode.service.installation import installed_home

    if installed_home() == str(home.path):
        output.note(text.SERVICE)
    reply = {"home": str(home.path), "this": view["this"], "devices": view["devices"], "told": told}
    return Answer(reply, lambda _: output.say_lines(text.removed(view)))


def _others_in_reach(call: Settings, view: dict[str, Any]) -> bool:
    """Whether the running node is connected with another device of its owner."""
    if not view["devices"]:
        return False
    return any(one["connected"] and not one["this"] for one in call.client().get("/v1/devices")["devices"])


def _look(call: Settings, home: Home) -> tuple[dict[str, Any], bool]:
    """Return what leaving would end, and whether the node runs. Of a node that cannot be opened only its home is known."""
    client = apart.client(call, says_so=False)
    try:
        return client.get("/v1/leaving"), not client.is_alone
    except MeshnodeError as error:
        if not client.is_alone:
            raise
        why = errors.line(error.message, error.hint)
        return {"person": "", "name": home.path.name, "this": "", "devices": [], "closed": why}, False


def _confirmed(call: Settings, name: str | None, view: dict[str, Any]) -> str:
    """Return the name as it was typed; Refused where nobody can be asked, Usage where it is another one."""
    if name is None:
        if call.json or not call.may_ask():
            raise Refused(text.NOBODY_ASKED, text.NOBODY_ASKED_HINT)
        name = str(click.prompt(text.type_name(view["name"]), err=True))
    if name.strip() != view["name"]:
        raise Usage(text.OTHER_NAME, text.other_name_hint(view["name"]))
    return name


def _leave(call: Settings, name: str) -> list[str]:
    """Say goodbye, let it travel to those in reach for some seconds, and return the names of those who were there."""
    client = call.client()
    client.post("/v1/leaving", name=name)
    output.note(text.TELLING)
    told = {peer["name"] for peer in client.post("/v1/sync")["peers"]}
    client.post("/v1/leaving", name=name, vouches=True)
    client.post("/v1/sync")
    told_now = sorted(told)
    output.note(text.told(told_now))
    return told_now


def _hand_over(call: Settings, name: str, person: str, *, in_reach: bool) -> None:
    """Hand over to other devices of the owner what they lack. Failed where one is in reach, and does not get it in time."""
    client, until = call.client(), time.monotonic() + HAND_OVER_SECONDS
    client.post("/v1/leaving", name=name)
    output.note(text.HANDING_OVER)
    while True:
        own = [peer for peer in client.post("/v1/sync")["peers"] if peer["id"] == person]
        if any(peer["done"] for peer in own):
            output.note(text.HANDED_OVER)
            return
        if time.monotonic() >= until or not (own or in_reach):
            break
    if own or in_reach:
        raise Failed(text.NOT_HANDED_OVER, text.NOT_HANDED_OVER_HINT)
    output.note(text.NO_DEVICE_REACHED)


def _stopped(home: Home) -> HomeLock:
    """Stop the node that runs in `home`, if one does, and return the lock that keeps another from starting."""
    asked, until = False, time.monotonic() + STOP_SECONDS
    while True:
        try:
            return home.lock()
        except Refused as refused:
            if time.monotonic() >= until:
                raise Failed(text.STILL_RUNS, text.STILL_RUNS_HINT) from refused
        if not asked:
            asked = _asked_to_stop(home)
        time.sleep(LOOK_SECONDS)


def _asked_to_stop(home: Home) -> bool:
    """Tell the process that holds the lock to stop; return whether it could be told."""
    try:
        os.kill(int(home.lock_file.read_text("ascii")), signal.SIGTERM)
    except (OSError, ValueError):
        return False
    return True
