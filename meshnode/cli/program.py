"""`version`, and what to type for this program: what concerns the program and no node."""

from __future__ import annotations

import platform
import shlex
from pathlib import Path
from shutil import which
from typing import Any

from meshnode import CONTRACT, __version__
from meshnode.cli import output
from meshnode.cli.command import Settings, command
from meshnode.text import program as text


def as_typed(call: Settings) -> str:
    """Return what to type in another terminal for the same program and node: the bare name only where a shell finds it."""
    script = Path(__file__).resolve().parents[2] / "scripts" / "meshnode"
    name = "meshnode"
    if which(name) is None and script.exists():
        here = Path.cwd()
        name = shlex.quote(str(script.relative_to(here) if script.is_relative_to(here) else script))
    return name if call.home is None else f"{name} --home {shlex.quote(str(call.home))}"


def _show_version(reply: dict[str, Any]) -> None:
    output.say(text.version(reply["version"], reply["python"]))


@command("version", about=text.VERSION_HELP, show=_show_version)
def version(_: Settings) -> Any:
    return {"version": __version__, "contract": CONTRACT, "python": platform.python_version()}
