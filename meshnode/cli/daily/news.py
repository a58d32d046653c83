"""`news`: what came into view since you last looked."""

from __future__ import annotations

from meshnode.cli import output
from meshnode.cli.daily.discover import show_results
from meshnode.cli.daily.question import DailyQuestion, get, post
from meshnode.text import discover as text
from meshnode.text import waiting

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any


def question(*, peek: bool = False, clear: bool = False, limit: int | None = None) -> DailyQuestion:
    """Return what `news` asks for. Unless it peeks, the answer makes everything in it seen."""
    if peek:
        return get("/v1/news", limit=limit)
    return post("/v1/news", clear=clear, **({} if limit is None else {"limit": limit}))


def show(home: str, reply: dict[str, Any], *, peek: bool = False, clear: bool = False, **_given: Any) -> None:
    """Print what is new, each with the searches and needs that it fits, and on a terminal what else there is."""
    searches: dict[str, list[str]] = {}
    needs: dict[str, list[str]] = {}
    for alert in reply["alerts"]:
        if alert["need"] is None:
            searches.setdefault(alert["listing"], []).append(str(alert["watch"]))
        else:
            needs.setdefault(alert["listing"], []).append(alert["need"])
    marks = {listing: text.matched(by) for listing, by in searches.items()}
    for listing, titles in needs.items():
        marks[listing] = marks.get(listing, "") + text.fits(titles)
    show_results(home, reply["results"], marks)
    if not output.to_terminal():
        return
    if told := waiting.people(reply["waiting"]):
        output.note(told)
    left = reply["total"] - len(reply["results"])
    if clear:
        output.note(text.marked_seen(reply["total"]))
    elif left:
        output.note(text.news_left(left, peek=peek))
    elif not reply["results"]:
        output.note(text.NEWS_EMPTY)
