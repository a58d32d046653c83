"""`news`: what came into view since you last looked."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from meshnode.cli import output
from meshnode.cli.command import Answer, Settings, command
from meshnode.cli.discover import show_results
from meshnode.errors import Usage
from meshnode.text import discover as text
from meshnode.text import waiting


@command("news", about=text.NEWS_HELP)
@click.option("--peek", is_flag=True, help=text.NEWS_PEEK)
@click.option("--clear", is_flag=True, help=text.NEWS_CLEAR)
@click.option("--limit", type=int, help=text.NEWS_LIMIT)
def news(call: Settings, *, peek: bool, clear: bool, limit: int | None) -> Any:
    if peek and clear:
        raise Usage(text.NEWS_CONFLICT)
    if peek:
        reply = call.client().get("/v1/news", limit=limit)
    else:
        reply = call.client().post("/v1/news", clear=clear, **({} if limit is None else {"limit": limit}))
    return Answer(reply, partial(_show, call, peek=peek, clear=clear))


def _show(call: Settings, reply: dict[str, Any], *, peek: bool, clear: bool) -> None:
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
    show_results(call, reply["results"], marks)
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
