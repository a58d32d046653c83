"""`recovery`: the words and the friends that bring a person back, and the devices that they had before."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import apart, asking, names, output, recovering
from meshnode.cli.asking import agreed
from meshnode.cli.client import Client, segment
from meshnode.cli.command import CommandGroup, Settings, command, named
from meshnode.errors import Usage
from meshnode.text import forms
from meshnode.text import recovery as text

recovery = CommandGroup("recovery", help=text.HELP)


def _show_status(reply: dict[str, Any]) -> None:
    output.say_lines([*text.status(reply), *text.friends(reply)])


def _show_words(reply: dict[str, Any]) -> None:
    recovering.show_words(tuple(reply["words"]))


def _show_confirmed(_: dict[str, Any]) -> None:
    output.say(text.CONFIRMED)


@command("status", about=text.STATUS_HELP, show=_show_status, group=recovery)
def status(call: Settings) -> Any:
    return apart.client(call).get("/v1/recovery")


@command("show", about=text.SHOW_HELP, show=_show_words, group=recovery)
def show(call: Settings) -> Any:
    return {"words": _words(call)}


@command("confirm", about=text.CONFIRM_HELP, show=_show_confirmed, group=recovery)
def confirm(call: Settings) -> Any:
    recovering.typed_words(call, _words(call))
    return apart.client(call).post("/v1/recovery/confirmed")


@command("devices", about=text.DEVICES_HELP, show=_show_status, group=recovery)
@click.option("--lost", multiple=True, metavar="NAME", help=text.DEVICES_LOST)
@click.option("--kept", multiple=True, metavar="NAME", help=text.DEVICES_KEPT)
def devices(call: Settings, lost: tuple[str, ...], kept: tuple[str, ...]) -> Any:
    client = apart.client(call, unlock=True)
    if not lost and not kept:
        former = client.get("/v1/recovery")["former"]
        if former and not call.may_ask():
            raise Usage(text.SAY_WHICH, text.SAY_WHICH_HINT)
        if not former:
            output.note(text.NO_FORMER)
        for device, name in forms.apart(former).items():
            _say(client, device, lost=agreed(text.ask_lost(name)))
        return client.get("/v1/recovery")
    for name in lost:
        _say(client, named("device", name), lost=True)
    for name in kept:
        _say(client, named("device", name), lost=False)
    return client.get("/v1/recovery")


def _show_friends(reply: dict[str, Any]) -> None:
    output.say_lines(text.friends(reply))


def _show_help(reply: dict[str, Any]) -> None:
    output.note(text.give_words(reply))
    if not output.to_terminal():
        output.say(" ".join(reply["words"]))
        return
    output.say_lines(text.table(reply["words"]))
    output.say()
    output.qr(" ".join(reply["words"]))


@command("set", about=text.SET_HELP, show=_show_friends, group=recovery)
@click.argument("more", nargs=-1, metavar="[NAME]...", shell_complete=names.people)
@click.option("--friends", multiple=True, metavar="NAME", help=text.SET_FRIENDS, shell_complete=names.people)
@click.option("--need", type=int, default=2, show_default=True, help=text.SET_NEED)
@asking.yes
def set_(call: Settings, more: tuple[str, ...], friends: tuple[str, ...], need: int, yes: bool) -> Any:
    chosen = [named("person", name) for name in (*friends, *more)]
    client = call.client()
    return asking.confirmed(
        call, lambda *, yes: client.put("/v1/recovery/friends", friends=chosen, need=need, anyway=yes), yes=yes
    )


@command("unset", about=text.UNSET_HELP, show=_show_friends, group=recovery)
def unset(call: Settings) -> Any:
    return call.client().delete("/v1/recovery/friends")


@command("help", about=text.GIVE_HELP, show=_show_help, group=recovery)
@click.argument("name", shell_complete=names.people)
@asking.yes
def help_(call: Settings, name: str, yes: bool) -> Any:
    client, person = apart.client(call), named("person", name)
    return asking.confirmed(call, lambda *, yes: client.post("/v1/recovery/help", person=person, anyway=yes), yes=yes)


def _say(client: Client, device: str, *, lost: bool) -> None:
    """Revoke a device, keeping what it wrote, or note that the owner still has it."""
    if lost:
        client.post(f"/v1/revocations/{segment(device)}")
    else:
        client.post("/v1/recovery/kept", device=device)


def _words(call: Settings) -> tuple[str, ...]:
    """Return the recovery words from the file of the identity key, asking for its passphrase if it has one."""
    from meshnode import node
    from meshnode.cli import passphrase
    from meshnode.recovery.words import words_of

    home = call.chosen_home()
    return words_of(node.identity_seed(home, passphrase.known(call, home)))
