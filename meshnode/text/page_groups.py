"""Texts of the page about cells and communities that code chooses."""

from __future__ import annotations

from meshnode.quoting import named
from meshnode.text.catalog import message

NOBODY_CHOSEN = message("choose the person whom you invite")
LEAVE_HELP = message("The other members stay. To come back, you need a new invitation.")
KINDS = {
    "cell": message("A cell: 5 to 50 people who know each other"),
    "community": message("A community: people who belong together, in any number"),
}
NAMES = {"cell": message("Cell"), "community": message("Community")}
DONE = {
    "founded": message("It is created. You are its first member; now invite others."),
    "invited": message("They are invited for 30 days. They are told as soon as their node learns of it."),
    "joined": message("You are a member now."),
    "left": message("You have left. The other members stay."),
}


def sure_to_leave(name: str) -> str:
    """Ask whether to leave a group."""
    return message("Leave {name}?", name=named(name))
