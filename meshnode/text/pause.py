"""Texts about being away, of the command line and of the page."""

from __future__ import annotations

from meshnode.text import forms
from meshnode.text.catalog import message, plural

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any

PAUSE_HELP = message(
    "Go away for a while: hide all your posts from others, on every node.\n\n"
    "Exchanges that have begun go on, and you can still look around. The people of your web can learn that you are away. "
    "'meshnode resume' shows everything again."
)
RESUME_HELP = message("Come back: show your posts to others again, as before 'meshnode pause'.")
BACK = message("You are back.")
RESUME = message("To show your posts again: meshnode resume")


def away(since: int) -> str:
    """Say since when the owner is away."""
    return message("You are away since {day}: nobody else sees your posts.", day=forms.moment(since))


def while_away(since: int | None) -> list[str]:
    """Say since when the owner is away and how to come back, a sentence a line; nothing if they are not."""
    return [] if since is None else [away(since), str(RESUME)]


def done(reply: dict[str, Any]) -> list[str]:
    """Say what is so now (PauseView of the API), a sentence a line."""
    if reply["paused"] is not None:
        return while_away(reply["paused"])
    shown = plural(
        reply["listings"], "Others see your post again, as before.", "Others see your {n} posts again, as before."
    )
    return [str(BACK), shown] if reply["listings"] else [str(BACK)]
