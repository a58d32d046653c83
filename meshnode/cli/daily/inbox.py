"""`inbox`: what waits for you."""

from __future__ import annotations

from meshnode.cli import kept, output
from meshnode.cli.daily.question import DailyQuestion, get
from meshnode.text import exchanges as text
from meshnode.text import forms, waiting
from meshnode.text.discover import numbered

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any


def question(*, through: str | None = None, everybody: bool = False) -> DailyQuestion:
    """Return what `inbox` asks for."""
    return get("/v1/inbox", through=through, everybody="true" if everybody else None)


def show(home: str, reply: dict[str, Any], **_given: Any) -> None:
    """Print the exchanges as always, and everything else that waits with the command that answers it.

    On a terminal the exchanges have numbers, which the next commands take.
    """
    people = forms.apart(each["with"] for each in reply["exchanges"])
    for number, each in enumerate(reply["exchanges"], start=1):
        first, *rest = text.lines(each, people[each["with"]["id"]])
        output.say_lines([numbered(number, first) if output.to_terminal() else first, *rest])
    if output.to_terminal():
        kept.keep_exchanges(home, reply["exchanges"])
    shown = {each["exchange"] for each in reply["exchanges"]}
    for found in reply["waiting"]:
        if found["kind"] in ("overdue", "due"):
            output.say(waiting.line(found))
        elif found["subject"] not in shown:
            output.say(waiting.line(found))
            if found["message"]:
                output.say_lines(forms.said(found["message"]))
            output.say(waiting.step(found))
    if output.to_terminal() and not reply["waiting"] and not reply["exchanges"]:
        output.note(text.INBOX_EMPTY)
