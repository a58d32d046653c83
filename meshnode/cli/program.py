"""`version` and `completion`, and how the program is called here: what concerns the program and no node."""

from __future__ import annotations

import os
import platform
import shlex
from pathlib import Path
from shutil import which

import click

from meshnode import __version__
from meshnode.cli import output
from meshnode.cli.command import ASKED, Settings, command, settings

SHELLS = ("bash", "zsh", "fish")


def as_typed(call: Settings) -> str:
    """What to type for the same program and node in another terminal: the bare name only where a shell will find it."""
    script = Path(__file__).resolve().parents[2] / "scripts" / "meshnode"
    name = "meshnode"
    if which(name) is None and script.exists():
        here = Path.cwd()
        name = shlex.quote(str(script.relative_to(here) if script.is_relative_to(here) else script))
    return name if call.home is None else f"{name} --home {shlex.quote(str(call.home))}"


@command("version")
@click.pass_context
def version(context: click.Context) -> None:
    """The version of this program."""
    if settings(context).json:
        output.as_json({"version": __version__, "python": platform.python_version()})
    else:
        output.say(f"meshnode {__version__} (Python {platform.python_version()})")


@command("completion")
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@click.pass_context
def completion(context: click.Context, shell: str | None) -> None:
    """Print completion for your shell.

    Put it where your shell looks for it: eval "$(meshnode completion bash)" in ~/.bashrc does.
    """
    chosen = shell or _own_shell()
    from click.shell_completion import get_completion_class

    from meshnode.cli import bash_completion

    bash_completion.teach()

    script = get_completion_class(chosen)
    assert script is not None, "one of SHELLS"
    source = script(context.find_root().command, {}, "meshnode", ASKED).source()
    if settings(context).json:
        output.as_json({"shell": chosen, "script": source})
    else:
        output.script(source)


def _own_shell() -> str:
    name = os.path.basename(os.environ.get("SHELL", ""))  # noqa: PTH119 - pathlib costs nothing here but says no more
    return name if name in SHELLS else "bash"
