"""`service`: systemd keeps the node running, as the service of its user or of the whole computer."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import click
from msgspec.structs import asdict

from meshnode.cli import output
from meshnode.cli.command import CommandGroup, Settings, command
from meshnode.errors import NotFound
from meshnode.home import Home
from meshnode.text import service as text

service = CommandGroup("service", help=text.HELP)
_system = click.option("--system", is_flag=True, help=text.SYSTEM)


def _show(view: dict[str, Any]) -> None:
    output.say_lines(text.status(view))


def _show_removed(_: dict[str, Any]) -> None:
    output.say(text.REMOVED)


@command("install", about=text.INSTALL_HELP, show=_show, group=service)
@_system
def install(call: Settings, system: bool) -> Any:
    from meshnode.service import installation

    if system:
        return asdict(installation.install_for_system(lambda program: _create_node(call, program), _needs_passphrase))
    home = call.chosen_home()
    home.check()
    if not installation.runs(home.path):
        home.lock().release()  # Refused where the node runs in a terminal
    return asdict(installation.install_for_user(home.path, needs_passphrase=_needs_passphrase(home.path)))


def _needs_passphrase(home: Path) -> bool:
    """Whether a service needs the passphrase of the node in `home` from systemd: it is encrypted, and no setting names a file."""
    from meshnode.config import Config

    return Home(home).encryption.exists() and not Config.load(home, environ={}).passphrase_file


def _create_node(call: Settings, program: tuple[str, ...]) -> None:
    """Let the person at the terminal create the node of the service, as the user of the service."""
    from meshnode.service.unit import SYSTEM_HOME, SYSTEM_USER

    if not call.may_ask() or call.json:
        raise NotFound(text.no_node(SYSTEM_HOME), text.create_hint(" ".join(program)))
    made = subprocess.run(
        [*program, "init"], user=SYSTEM_USER, group=SYSTEM_USER, extra_groups=[], cwd=SYSTEM_HOME, check=False
    )
    if made.returncode:
        raise click.exceptions.Exit(made.returncode)  # it has said why


@command("remove", about=text.REMOVE_HELP, show=_show_removed, group=service)
@_system
def remove(_: Settings, system: bool) -> Any:
    from meshnode.service import installation

    return asdict(installation.remove(system=system))


@command("status", about=text.STATUS_HELP, show=_show, group=service)
@_system
def status(_: Settings, system: bool) -> Any:
    from meshnode.service import installation

    return asdict(installation.status(system=system))
