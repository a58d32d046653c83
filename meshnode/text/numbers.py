"""Texts about the numbers of results, which people type instead of titles."""

from __future__ import annotations

from meshnode.quoting import quoted
from meshnode.text.catalog import message

NO_NUMBER_HINT = message("'meshnode discover' numbers what it shows, for an hour. A title or an id always works")


def means(number: str, kind: str, title: str) -> str:
    """Say which post a number means."""
    return message("{number} is the {kind} {title}.", number=number, kind=kind, title=quoted(title))


def no_number(number: str) -> str:
    """Say that no post is called so, and that no result has this number any longer."""
    return message("no post is called {number}, and no result of the last hour has this number", number=number)
