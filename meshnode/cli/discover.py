"""`discover`: what others share with you."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli import output
from meshnode.cli.shell import command, settings
from meshnode.cli.wording import AUDIENCES, CATEGORIES, RELATIONS, TYPES

ANY_TRUST = 0.1  # where the web ends


class Distance(click.ParamType[float]):
    """Kilometres: 50 or 50km; `any` is any distance, and comes out as infinity."""

    name = "50km"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The kilometres that `value` says."""
        if isinstance(value, float):
            return value
        text = str(value).strip().lower()
        if text == "any":
            return float("inf")
        try:
            kilometres = float(text.removesuffix("km"))
        except ValueError:
            kilometres = -1
        if not 0 <= kilometres <= 40_000:
            self.fail(f"{value!r} is no distance; write 50km, or any", param, ctx)
        return kilometres


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


@command("discover")
@click.argument("words", nargs=-1)
@click.option("--type", "kind", type=click.Choice(TYPES), help="Only offers, or only needs.")
@click.option("--category", type=click.Choice(CATEGORIES), help="Only this category.")
@click.option("--audience", type=click.Choice(list(AUDIENCES)), help="Only what is shared so widely.")
@click.option("--within", type=Distance(), help="Only so near; without it 50km, and unknown places too.")
@click.option("--trust", type=LeastTrust(), help="Only from people you trust so much (0.3).")
@click.option("--limit", type=int, help="At most so many (100).")
@click.pass_context
def discover(
    context: click.Context,
    words: tuple[str, ...],
    kind: str | None,
    category: str | None,
    audience: str | None,
    within: float | None,
    trust: float | None,
    limit: int | None,
) -> None:
    """What others share with you; each of WORDS must begin a word of title, text, tags or author."""
    anywhere = within == float("inf")
    told = (
        settings(context)
        .client()
        .get(
            "/v1/discover",
            words=" ".join(words) or None,
            type=kind,
            category=category,
            audience=audience,
            within=None if anywhere else within,
            anywhere="true" if anywhere else None,
            trust=trust,
            limit=limit,
        )
    )
    if settings(context).json:
        output.as_json(told)
        return
    for result in told["results"]:
        output.say(as_line(result))
    if output.to_terminal():
        _say_rest(told)


def as_line(result: dict[str, Any]) -> str:
    """A result as the seed writes it: `Fresh vegetables - 2km away (trusted friend of friend)`."""
    distance = f" - {result['distance']}" if result["distance"] else ""
    return f"{result['title']}{distance} ({RELATIONS[result['relation']]})"


def _say_rest(told: dict[str, Any]) -> None:
    left = told["total"] - len(told["results"])
    if left:
        output.note(f"{left} more: '--limit' shows them.")
    if told["hidden"]:
        output.note(f"{told['hidden']} hidden by trust or distance: '--trust any --within any' shows them.")
    if not told["total"] and not told["hidden"]:
        output.note("Nothing yet. What people share with you appears here as nodes meet.")
