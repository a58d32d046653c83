"""`run`: the daemon, in the foreground; it makes a node first where there is none."""

from __future__ import annotations

import sys
from ipaddress import ip_address
from typing import TYPE_CHECKING

import click

from meshnode.cli import output
from meshnode.cli.command import Settings, command, settings
from meshnode.cli.init import PASSPHRASE_VARIABLE, ask, begin, given_passphrase
from meshnode.cli.program import as_typed
from meshnode.config import Config
from meshnode.errors import Usage

if TYPE_CHECKING:
    from meshnode.node import Ready


@command("run")
@click.option("--port", type=int, help="The TCP port for other nodes (a free one, kept from then on).")
@click.option("--interface", "interfaces", multiple=True, metavar="NAME", help="Only this network; may be repeated.")
@click.option("--no-mdns", is_flag=True, help="Neither announce this node nor look for others on the network.")
@click.option("--peer", "peers", multiple=True, metavar="HOST:PORT", help="Where another node is; may be repeated.")
@click.option("--unlock", is_flag=True, help=f"Ask for your identity's passphrase (or {PASSPHRASE_VARIABLE}).")
@click.pass_context
def run(
    context: click.Context,
    port: int | None,
    interfaces: tuple[str, ...],
    no_mdns: bool,
    peers: tuple[str, ...],
    unlock: bool,
) -> None:
    """Start the node, and keep it running until Ctrl-C."""
    call = settings(context)
    options = {"port": port, "interfaces": list(interfaces), "mdns": "off" if no_mdns else None, "peers": list(peers)}
    config = Config.load(call.home, options)
    passphrase = _passphrase(call) if unlock else given_passphrase()
    from meshnode import node

    if not config.home.has_node:
        begin(config.home, ask(call, None, None, None), quiet=call.json)
    node.run(config, ready=lambda ready: _greet(ready, call), passphrase=passphrase)
    if output.to_terminal() and not call.json:
        output.say()  # away from the ^C that the terminal has drawn
        output.say(f"  Stopped. '{as_typed(call)} run' goes on where this left off.")


def _passphrase(call: Settings) -> str:
    given = given_passphrase()
    if given is not None:
        return given
    if not call.may_ask():
        raise Usage("nobody can be asked for the passphrase", f"put it into {PASSPHRASE_VARIABLE}")
    reply: str = click.prompt("Passphrase", hide_input=True, err=True)
    return reply


def _greet(ready: Ready, call: Settings) -> None:
    """Who I am, where the node listens, what to do next."""
    from protocol import person_text

    written = person_text(ready.person)
    if call.json:
        output.as_json(
            {
                "person": {"id": written, "name": ready.name},
                "home": str(ready.home),
                "port": ready.port,
                "addresses": [
                    f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in ready.addresses
                ],
            }
        )
        sys.stdout.flush()
        return
    others = ", ".join(host for host, _ in ready.addresses if not ip_address(host.partition("%")[0]).is_loopback)
    program = as_typed(call)
    output.say()
    output.say(f" ({written[:11]}) is up.", title=f"  {ready.name}")
    output.say(f"  Listening on port {ready.port}, {'at ' + others if others else 'for this machine alone'}.")
    output.say()
    output.say("  In another terminal:")
    for what, why in (
        ("card", "show your card to somebody"),
        ("add CARD", "or add theirs: either connects you both"),
        ('offer "Fresh bread"', "share something"),
        ("discover", "see what others share with you"),
        ("status", "see how things stand"),
    ):
        output.say(f"    {program + ' ' + what:<{len(program) + 21}} {why}")
    output.say()
    output.say("  Ctrl-C stops it.")
    sys.stdout.flush()
