"""`discover`: what others share with you."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from meshnode.cli.command import Settings, command
from meshnode.cli.daily import discover as daily
from meshnode.text import discover as text
from meshnode.text import paging
from meshnode.text.choices import AUDIENCES, CATEGORIES, ORDERS, TYPES

Function = TypeVar("Function", bound=Callable[..., Any])


class Distance(click.ParamType[float]):
    """A distance in kilometers: 50 or 50km; `any` becomes infinity."""

    name = "50km"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the kilometers."""
        if isinstance(value, float):
            return value
        found = daily.kilometers(str(value))
        if found is None:
            from meshnode.text import errors

            self.fail(errors.not_a_distance(value), param, ctx)
        return found


class LeastTrust(click.ParamType[float]):
    """A trust above 0 and up to 1; `any` is the least trust at which people are connected at all."""

    name = "0.3|any"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number."""
        found = daily.least_trust(str(value))
        if found is None:
            from meshnode.text import errors

            self.fail(errors.not_a_least_trust(value), param, ctx)
        return found


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


@command("discover", about=text.DISCOVER_HELP)
@search_options
@click.option("--notice-board", is_flag=True, help=text.NOTICE_BOARD)
@click.option("--sort", type=click.Choice(ORDERS), help=text.SORT)
@click.option("--limit", type=int, help=text.LIMIT)
@click.option("--page", type=int, help=paging.PAGE)
def discover(call: Settings, /, **given: Any) -> Any:
    return call.daily(daily, **given)
