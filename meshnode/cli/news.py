"""`news`: what came into view since you last looked."""

from __future__ import annotations

from typing import Any

import click

from meshnode.cli.command import Settings, command
from meshnode.cli.daily import news as daily
from meshnode.errors import Usage
from meshnode.text import discover as text


@command("news", about=text.NEWS_HELP)
@click.option("--peek", is_flag=True, help=text.NEWS_PEEK)
@click.option("--clear", is_flag=True, help=text.NEWS_CLEAR)
@click.option("--limit", type=int, help=text.NEWS_LIMIT)
def news(call: Settings, *, peek: bool, clear: bool, limit: int | None) -> Any:
    if peek and clear:
        raise Usage(text.NEWS_CONFLICT)
    return call.daily(daily, peek=peek, clear=clear, limit=limit)
