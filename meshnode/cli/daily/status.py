"""`status`: whether the node works, and what goes on."""

from __future__ import annotations

from meshnode.cli import output
from meshnode.cli.daily.question import DailyQuestion, get
from meshnode.text import node as text

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any


def question() -> DailyQuestion:
    """Return what `status` asks for."""
    return get("/v1/status")


def show(_: str, reply: dict[str, Any]) -> None:
    """Print the state of the node (StatusView of the API)."""
    output.say(f" ({reply['person']['id'][:11]})", title=reply["person"]["name"])
    for line in text.status(reply):
        output.say(line)
