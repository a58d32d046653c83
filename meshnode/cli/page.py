"""`open`: the owner's page, in the browser of this computer."""

from __future__ import annotations

import os
import shutil
from typing import Any

import click

from meshnode.cli import output
from meshnode.cli.command import Answer, Settings, command
from meshnode.text import page as text

OPENERS = ("xdg-open", "gio")  # what desktops have to open an address
DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


@command("open", about=text.OPEN_HELP)
@click.option("--link", "only_link", is_flag=True, help=text.OPEN_LINK)
def open(call: Settings, only_link: bool) -> Any:  # noqa: A001 - the name of the command
    reply = call.client().post("/v1/page")

    def show(found: dict[str, Any]) -> None:
        if not only_link and output.to_terminal() and _browse(found["link"]):
            output.say(text.OPENED)
            return
        if not only_link and output.to_terminal():
            output.say(text.NO_BROWSER)
        output.say(found["link"])

    return Answer(reply, show)


def _browse(link: str) -> bool:
    """Open `link` in the default browser; return whether there is one."""
    program = next((found for name in OPENERS if (found := shutil.which(name))), None)
    if program is None or not any(os.environ.get(name) for name in DISPLAYS):
        return False
    import subprocess

    words = [program, link] if program.endswith("xdg-open") else [program, "open", link]
    try:
        ended = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0
