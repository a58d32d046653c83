"""Asks a person at the terminal before something is done that the daemon does only when it is confirmed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from meshnode.cli.client import UNCONFIRMED, Refusal
from meshnode.cli.command import Settings
from meshnode.text import program as text

yes = click.option("--yes", is_flag=True, help=text.YES)


def confirmed(call: Settings, do: Callable[..., Any], *, yes: bool) -> Any:
    """Return what `do(yes=...)` returns; where the daemon wants it confirmed, ask, and then return what `do(yes=True)` returns.

    Where nobody can be asked, or the answer is no, the daemon's refusal is raised.
    """
    try:
        return do(yes=yes)
    except Refusal as refusal:
        if refusal.reply.get("code") != UNCONFIRMED or not call.may_ask():
            raise
        if not click.confirm(text.all_the_same(refusal.message), err=True):
            raise
    return do(yes=True)
