"""`discover`: what others share with you."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import click

from meshnode.cli import numbers, output
from meshnode.cli.command import Answer, Settings, command
from meshnode.text import discover as text
from meshnode.text import forms, paging
from meshnode.text.choices import AUDIENCES, CATEGORIES, ORDERS, TYPES

ANY_TRUST = 0.1  # people whom you trust less than this are not connected to you
Function = TypeVar("Function", bound=Callable[..., Any])


class Distance(click.ParamType[float]):
    """A distance in kilometers: 50 or 50km; `any` becomes infinity."""

    name = "50km"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the kilometers."""
        if isinstance(value, float):
            return value
        typed = str(value).strip().lower()
        if typed == "any":
            return float("inf")
        try:
            kilometers = float(typed.removesuffix("km"))
        except ValueError:
            kilometers = -1
        if not 0 <= kilometers <= 40_000:
            from meshnode.text import errors

            self.fail(errors.not_a_distance(value), param, ctx)
        return kilometers


class LeastTrust(click.ParamType[float]):
    """A trust above 0 and up to 1; `any` is the least trust at which people are connected at all."""

    name = "0.3|any"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number."""
        if str(value).strip().lower() == "any":
            return ANY_TRUST
        try:
            number = float(value)
        except ValueError:
            number = -1
        if not 0 < number <= 1:
            from meshnode.text import errors

            self.fail(errors.not_a_least_trust(value), param, ctx)
        return number


SEARCH_OPTIONS = (
    click.argument("words", nargs=-1),
    click.option("--type", "kind", type=click.Choice(TYPES), help=text.TYPE),
    click.option("--category", type=click.Choice(CATEGORIES), help=text.CATEGORY),
    click.option("--audience", type=click.Choice(list(AUDIENCES)), help=text.AUDIENCE),
    click.option("--within", type=Distance(), help=text.WITHIN),
    click.option("--trust", type=LeastTrust(), help=text.TRUST),
)


def search_options(function: Function) -> Function:
    """Give a command the words and options of a search."""
    for option in reversed(SEARCH_OPTIONS):
        function = option(function)
    return function


def as_query(given: dict[str, Any]) -> dict[str, Any]:
    """Return the words and options of a search as the API takes them; None for those that were not given."""
    asked = dict(given)
    asked["words"] = " ".join(given["words"]) or None
    asked["type"] = asked.pop("kind")
    if given["within"] == float("inf"):
        asked |= {"within": None, "anywhere": True}
    return asked


@command("discover", about=text.DISCOVER_HELP)
@search_options
@click.option("--notice-board", is_flag=True, help=text.NOTICE_BOARD)
@click.option("--sort", type=click.Choice(ORDERS), help=text.SORT)
@click.option("--limit", type=int, help=text.LIMIT)
@click.option("--page", type=int, help=paging.PAGE)
def discover(call: Settings, /, **given: Any) -> Any:
    query = as_query(given)
    for flag in ("anywhere", "notice_board"):
        if query.pop(flag, False):
            query[flag] = "true"
    reply = call.client().get("/v1/discover", **query)
    first_page = given["page"] in (None, 1)
    asked = any(value for name, value in query.items() if name not in ("sort", "limit", "page"))
    show = partial(_show, call, by_distance=given["sort"] == "near", first_page=first_page, asked=asked)
    return Answer(reply, show)


def show_results(call: Settings, results: list[dict[str, Any]], matched: dict[str, str] | None = None) -> None:
    """Print search results, each with a number that the next commands take; `matched` adds words by id of a listing.

    On a terminal the title has a line of its own. In a pipe a tab follows it, which no title has.
    """
    authors = forms.apart(result["author"] for result in results)
    for number, result in enumerate(results, start=1):
        facts = text.facts(result, authors[result["author"]["id"]]) + (matched or {}).get(result["id"], "")
        title = text.numbered(number, result["title"])
        if output.to_terminal():
            output.say(title=title)
            output.say(f"   {facts}")
        else:
            output.script(f"{output.inert(title)}\t{output.inert(facts)}")
    numbers.keep(call, results)


def _show(call: Settings, reply: dict[str, Any], *, by_distance: bool, first_page: bool, asked: bool) -> None:
    show_results(call, reply["results"])
    if output.to_terminal():
        if by_distance and reply["results"] and not any(result["distance"] for result in reply["results"]):
            output.note(text.NO_DISTANCE)
        _note_rest(reply, first_page=first_page, asked=asked)


def _note_rest(reply: dict[str, Any], *, first_page: bool, asked: bool) -> None:
    if reply["next"]:
        output.note(paging.next_page(reply["total"], reply["next"]))
    if reply["set_aside"]:
        output.note(text.set_aside(reply["set_aside"]))
    if reply["hidden"]:
        output.note(text.outside_limits(reply["hidden"]))
    if not (reply["total"] or reply["hidden"] or reply["set_aside"]):
        output.note(text.NO_MATCH if asked else text.EMPTY)
    elif reply["total"] and not reply["results"] and not first_page:
        output.note(paging.no_such_page(reply["total"]))
