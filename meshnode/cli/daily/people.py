"""`people`: the people you know."""

from __future__ import annotations

from meshnode.cli import output
from meshnode.cli.daily.question import DailyQuestion, get
from meshnode.text import forms, paging
from meshnode.text import people as text

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any


def question(*, everybody: bool = False, page: int | None = None) -> DailyQuestion:
    """Return what `people` asks for."""
    return get("/v1/people", all="true" if everybody else None, page=page)


def show(_: str, reply: dict[str, Any], **_given: Any) -> None:
    """Print a page of people."""
    output.table(
        text.PEOPLE_COLUMNS,
        [
            (
                person["name"],
                person["id"][:11],
                forms.weight(person["trust"]),
                forms.weight(person["vouch"]),
                text.WAITING if person["pending"] and not person["vouch_back"] else forms.weight(person["vouch_back"]),
                text.how_known(person),
            )
            for person in reply["people"]
        ],
        empty=paging.no_such_page(reply["total"]) if reply["total"] else text.PEOPLE_EMPTY,
    )
    if output.to_terminal():
        _note_rest(reply)


def _note_rest(reply: dict[str, Any]) -> None:
    if reply["next"]:
        output.note(paging.next_page(reply["total"], reply["next"]))
    if reply["others"]:
        output.note(text.people_more(reply["others"]))
