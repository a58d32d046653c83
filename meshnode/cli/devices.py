"""`device`: one person with several machines. `device join` runs on the new one, without a daemon."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from meshnode.cli import output
from meshnode.cli.client import segment
from meshnode.cli.command import Command, CommandGroup, Settings, Span, named, settings
from meshnode.cli.program import as_typed
from meshnode.errors import Usage

if TYPE_CHECKING:
    from protocol.tokens import DeviceCode

CODE_READ_MAX = 64 * 1024  # characters read from a pipe: no code is longer, whatever else comes
WAIT_SECONDS = 120

device = CommandGroup("device", help="Your devices: one person with several machines.")


@device.command("add", cls=Command)
@click.option("--name", help="What you call the new device (Device 2).")
@click.option("--expires", type=Span(), help="How long the code works (10m).")
@click.pass_context
def add(context: click.Context, name: str | None, expires: int | None) -> None:
    """Show a code by which another machine becomes a device of yours; in a pipe, its text alone.

    Whoever uses it first can speak for you, so show it to nobody else.
    """
    order = {"name": name, "expires_in": expires}
    made = (
        settings(context)
        .client()
        .post("/v1/device-codes", **{key: value for key, value in order.items() if value is not None})
    )
    if settings(context).json:
        output.as_json(made)
    elif not output.to_terminal():
        output.say(made["text"])
    else:
        output.say(made["text"])
        output.say()
        output.qr(made["text"])
        output.say()
        output.say(
            f"For {made['name']} alone, until {output.when(made['expires'])}. It makes that machine speak for you."
        )
        output.say("On the other machine:  meshnode device join " + made["text"][:16] + "...")


@device.command("join", cls=Command)
@click.argument("code", nargs=-1)
@click.option(
    "--wait", type=Span(), metavar="2m", default=WAIT_SECONDS, help="How long to look for the other machine (2m)."
)
@click.option("--interface", "interfaces", multiple=True, metavar="NAME", help="Only this network; may be repeated.")
@click.option("--no-mdns", is_flag=True, help="Go by the addresses in the code alone.")
@click.pass_context
def join(context: click.Context, code: tuple[str, ...], wait: int, interfaces: tuple[str, ...], no_mdns: bool) -> None:
    """Make this machine a device of yours, by the CODE that 'meshnode device add' shows on another; - reads it from a pipe."""
    call = settings(context)
    text = " ".join(code)
    if text == "-":
        text = sys.stdin.read(CODE_READ_MAX)
    if not text.strip():
        raise Usage("there is no code", "paste the text that 'meshnode device add' shows; it begins with mdev1")
    from meshnode import node
    from protocol import person_text

    home = call.place()
    person = node.join(
        home,
        _read(text),
        seconds=wait,
        interfaces=interfaces,
        mdns=not no_mdns,
        progress=lambda news: _tell(call, news),
    )
    if call.json:
        output.as_json({"person": {"id": person_text(person)}, "home": str(home.path)})
    else:
        output.say(f"This machine is now a device of yours. Its node is in {home.path}.")
        output.say(f"Start it with '{as_typed(call)} run': it fetches what is yours from your other devices.")


@device.command("list", cls=Command)
@click.pass_context
def list_(context: click.Context) -> None:
    """Your devices."""
    reply = settings(context).client().get("/v1/devices")
    if settings(context).json:
        output.as_json(reply)
        return
    now = int(time.time())
    output.table(
        ("name", "id", "state", "last seen", "certified until"),
        [
            (
                one["name"],
                one["id"][:11],
                _state(one),
                "-" if one["this"] or one["seen"] is None else output.ago(max(0, now - one["seen"])) + " ago",
                "-" if one["expires"] is None else output.when(one["expires"]),
            )
            for one in reply["devices"]
        ],
        empty="No device speaks for you.",
    )


@device.command("revoke", cls=Command)
@click.argument("name")
@click.option("--discard", is_flag=True, help="Write nothing anew of what it wrote, except for its blocks.")
@click.pass_context
def revoke(context: click.Context, name: str, discard: bool) -> None:
    """Give up a device of yours, lost or stolen: it speaks for you no more, anywhere, and for good."""
    path = f"/v1/devices/{segment(named('device', name))}" + ("?discard=true" if discard else "")
    reply = settings(context).client().delete(path)
    if settings(context).json:
        output.as_json(reply)
        return
    output.say(f"{reply['name']} speaks for you no more. Other nodes hear of it as they meet.")
    if reply["kept"]:
        output.say(f"{_records(reply['kept'])} of its making {_are(reply['kept'])} now this device's.")
    if reply["dropped"]:
        output.say(f"{_records(reply['dropped'])} of its making {_are(reply['dropped'])} void.")
    output.say("Whoever has that device may still read what is on it.")


def _records(count: int) -> str:
    return f"{count} record{'' if count == 1 else 's'}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _state(one: dict[str, Any]) -> str:
    if one["struck"]:
        return "revoked"
    if one["this"]:
        return "this one"
    return "connected" if one["connected"] else "not connected"


def _tell(call: Settings, news: str) -> None:
    """How the search goes, on standard error."""
    if not call.json:
        output.note(news[:1].upper() + news[1:] + ".")


def _read(text: str) -> DeviceCode:
    from protocol import Code, RemoteError
    from protocol.tokens import DeviceCode

    try:
        return DeviceCode.parse(text)
    except RemoteError as error:
        if error.code is Code.CARD_CHECKSUM:
            raise Usage("this code's text was damaged on its way", "copy all of it once more") from error
        if error.code is Code.VERSION:
            raise Usage("this code was made by a newer meshnode", "update yours") from error
        raise Usage(
            "this is no device code", "it is the text that 'meshnode device add' shows; it begins with mdev1"
        ) from error
