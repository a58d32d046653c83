"""`run`: the daemon, in the foreground; it creates a node first where there is none."""

from __future__ import annotations

import sys
from ipaddress import ip_address
from typing import TYPE_CHECKING

import click
from msgspec.structs import asdict

from meshnode.cli import output, passphrase
from meshnode.cli.command import Settings, command
from meshnode.cli.init import ask, begin, greet
from meshnode.cli.program import as_typed
from meshnode.config import Config
from meshnode.service_manager import is_journal
from meshnode.text import node as text
from meshnode.text import page as page_text
from meshnode.text import waiting

if TYPE_CHECKING:
    from meshnode.node import Ready

STEP_WIDTH = 21  # letters of the longest first step, and a gap


@command("run", about=text.RUN_HELP)
@click.option("--port", type=int, help=text.RUN_PORT)
@click.option("--interface", "interfaces", multiple=True, metavar="PATTERN", help=text.RUN_INTERFACE)
@click.option("--no-mdns", is_flag=True, help=text.RUN_NO_MDNS)
@click.option("--no-page", is_flag=True, help=page_text.RUN_NO_PAGE)
@click.option("--peer", "peers", multiple=True, metavar="HOST:PORT", help=text.RUN_PEER)
@click.option("--moved", is_flag=True, help=text.RUN_MOVED)
@passphrase.from_file
def run(
    call: Settings,
    port: int | None,
    interfaces: tuple[str, ...],
    no_mdns: bool,
    no_page: bool,
    peers: tuple[str, ...],
    moved: bool,
    file: str | None,
) -> None:
    options = {
        "port": port,
        "interfaces": list(interfaces),
        "mdns": "off" if no_mdns else None,
        "peers": list(peers),
        "page": False if no_page else None,
    }
    config = Config.load(call.home, options)
    from meshnode import node

    if config.home.has_node:
        secret = passphrase.known(call, config.home, file)
    else:
        beginning = ask(call, None, None, None, file)
        secret = beginning.passphrase
        person = begin(config.home, beginning)
        if not call.json:
            greet(config.home, person, beginning)
    screen = _show_waiting if output.to_terminal() and not call.json else None
    node.run(config, ready=lambda ready: _show_ready(ready, call), passphrase=secret, screen=screen, moved=moved)
    if output.to_terminal() and not call.json:
        output.say()  # the terminal has drawn ^C on this line
        output.say(text.stopped(as_typed(call)))


def _show_waiting(line: str) -> None:
    """Print a line about something that has come to wait for the owner."""
    output.say(text.while_running(line))
    sys.stdout.flush()


def _show_ready(ready: Ready, call: Settings) -> None:
    """Print whose node runs, where it listens, and what to do next."""
    from protocol import person_text

    person = person_text(ready.person)
    if call.json:
        output.as_json(
            {
                "person": {"id": person, "name": ready.name},
                "home": str(ready.home),
                "port": ready.port,
                "addresses": [
                    f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in ready.addresses
                ],
                "problems": [asdict(problem) for problem in ready.problems],
            }
        )
        sys.stdout.flush()
        return
    others = [host for host, _ in ready.addresses if not ip_address(host.partition("%")[0]).is_loopback]
    if is_journal(sys.stdout):
        return  # the log says that it is ready, and nobody is there to be greeted
    program = as_typed(call)
    output.say()
    output.say(text.running(person), title=f"  {ready.name}")
    output.say(text.listening_on(ready.port, others))
    for problem in ready.problems:
        output.say(text.starting_problem(problem.message, problem.hint))
    output.say()
    output.say(text.RUN_TERMINAL)
    for step, purpose in text.FIRST_STEPS:
        output.say(f"    {program + ' ' + step:<{len(program) + STEP_WIDTH}} {purpose}")
    output.say()
    output.say(text.RUN_STOP)
    output.say(text.keep_running(program))
    if ready.waiting.people:
        output.say()
        output.say(text.while_running(waiting.people({"people": ready.waiting.people})))
    sys.stdout.flush()
