"""`discover`: what others share with you."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from meshnode.cli import output
from meshnode.cli.command import command, settings
from meshnode.cli.wording import AUDIENCES, CATEGORIES, ORDERS, RELATIONS, TYPES

ANY_TRUST = 0.1  # where the web ends
Function = TypeVar("Function", bound=Callable[..., Any])


class Distance(click.ParamType[float]):
    """Kilometers: 50 or 50km; `any` is any distance, and comes out as infinity."""

    name = "50km"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The kilometers that `value` says."""
        if isinstance(value, float):
            return value
        text = str(value).strip().lower()
        if text == "any":
            return float("inf")
        try:
            kilometers = float(text.removesuffix("km"))
        except ValueError:
            kilometers = -1
        if not 0 <= kilometers <= 40_000:
            self.fail(f"{value!r} is no distance; write 50km, or any", param, ctx)
        return kilometers


class LeastTrust(click.ParamType[float]):
    """A trust between 0 and 1, or `any`: the edge of the web."""

    name = "0.3|any"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number that `value` says."""
        if str(value).strip().lower() == "any":
            return ANY_TRUST
        try:
            number = float(value)
        except ValueError:
            number = -1
        if not 0 < number <= 1:
            self.fail(f"{value!r} is no trust; write 0.3 (more than 0, at most 1), or any", param, ctx)
        return number


SOUGHT = (
    click.argument("words", nargs=-1),
    click.option("--type", "kind", type=click.Choice(TYPES), help="Only offers, or only needs."),
    click.option("--category", type=click.Choice(CATEGORIES), help="Only this category."),
    click.option("--audience", type=click.Choice(list(AUDIENCES)), help="Only what is shared so widely."),
    click.option("--within", type=Distance(), help="Only so near; without it 50km, and unknown places too."),
    click.option("--trust", type=LeastTrust(), help="Only from people you trust so much (0.3)."),
)


def sought(function: Function) -> Function:
    """Give a command the words and options that say what is looked for."""
    for option in reversed(SOUGHT):
        function = option(function)
    return function


def as_asked(given: dict[str, Any]) -> dict[str, Any]:
    """Those words and options as the API takes them; what was not given is None."""
    asked = dict(given)
    asked["words"] = " ".join(given["words"]) or None
    asked["type"] = asked.pop("kind")
    if given["within"] == float("inf"):
        asked |= {"within": None, "anywhere": True}
    return asked


@command("discover")
@sought
@click.option("--sort", type=click.Choice(ORDERS), help="What comes first (best).")
@click.option("--limit", type=int, help="At most so many at a time (100).")
@click.option("--page", type=int, help="Which of several pages (1).")
@click.pass_context
def discover(context: click.Context, /, **given: Any) -> None:
    """What others share with you; each of WORDS must begin a word of title, text, tags or author."""
    asked = as_asked(given)
    if asked.get("anywhere"):
        asked["anywhere"] = "true"
    reply = settings(context).client().get("/v1/discover", **asked)
    if settings(context).json:
        output.as_json(reply)
        return
    for result in reply["results"]:
        output.say(as_line(result))
    if output.to_terminal():
        if given["sort"] == "near" and reply["results"] and not any(result["distance"] for result in reply["results"]):
            output.note("No distance is known here; 'meshnode share set --place LAT,LON' says where you are.")
        _say_rest(reply, first_page=given["page"] in (None, 1))


def as_line(result: dict[str, Any]) -> str:
    """A result as the seed writes it: `Fresh vegetables - 2km away (trusted friend of friend)`."""
    distance = f" - {result['distance']}" if result["distance"] else ""
    return f"{result['title']}{distance} ({RELATIONS[result['relation']]})"


def _say_rest(reply: dict[str, Any], *, first_page: bool) -> None:
    if reply["next"]:
        output.note(f"{reply['total']} in all: '--page {reply['next']}' shows more.")
    if reply["set_aside"]:
        output.note(f"{reply['set_aside']} left out, hidden by you: 'meshnode hide --list'.")
    if reply["hidden"]:
        output.note(f"{reply['hidden']} hidden by trust or distance: '--trust any --within any' shows them.")
    if not (reply["total"] or reply["hidden"] or reply["set_aside"]):
        output.note("Nothing yet. What people share with you appears here as nodes meet.")
    elif reply["total"] and not reply["results"] and not first_page:
        output.note(f"There is no such page: {reply['total']} in all.")
