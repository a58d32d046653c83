"""The program. What people type daily is answered at once; click, which takes as long to load, does all the rest."""

from __future__ import annotations

import os
import sys

from meshnode.cli import language
from meshnode.cli.daily import call
from meshnode.text.catalog import speaking

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import NoReturn


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the program and end the process."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the program with `arguments` (or the process's own) and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")  # a terminal that lacks a letter shows its number
    words = sys.argv[1:] if arguments is None else arguments
    tag, unknown = language.chosen(words, os.environ)
    with speaking(tag):
        try:
            code = _run(words, unknown)
            sys.stdout.flush()
        except BrokenPipeError:
            _forget_stdout()
            return 0
    return code


def _run(words: list[str], unknown: str) -> int:
    asked = False if unknown or language.COMPLETION_VARIABLE in os.environ else call.answered(words)
    if asked is True:
        return 0
    from meshnode.cli import commands

    return commands.run(words, unknown_language=unknown, asked=asked or None)


def _forget_stdout() -> None:
    """Send the interpreter's last flush to /dev/null, since the reader of the pipe has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
