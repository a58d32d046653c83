"""Texts of the manual pages: the command that writes them, and the headings that every manual page has."""

from __future__ import annotations

from meshnode.text.catalog import message, plural

MAN_HELP = message(
    "Write manual pages into the directory DIR, one for each command.\n\n"
    "In ~/.local/share/man/man1, 'man' finds them: type 'man meshnode' or 'man meshnode-offer'."
)
MANUAL = message("meshnode manual")
NAME = message("NAME")
SYNOPSIS = message("SYNOPSIS")
DESCRIPTION = message("DESCRIPTION")
OPTIONS = message("OPTIONS")
COMMANDS = message("COMMANDS")
SEE_ALSO = message("SEE ALSO")


def written(directory: str, count: int) -> str:
    """Say where the pages are."""
    return plural(
        count, "1 manual page is in {directory}.", "{n} manual pages are in {directory}.", directory=directory
    )
