"""Texts about the numbers of things in lists, which people type instead of titles."""

from __future__ import annotations

from meshnode.quoting import named, quoted
from meshnode.text.catalog import message

COLUMN = message("no.")
POST = message("post")
NO_NUMBER_HINT = {
    "posts": message(
        "'meshnode discover' and 'meshnode mine' number what they show, for an hour. A title or an id always works"
    ),
    "exchanges": message(
        "'meshnode inbox' and 'meshnode exchanges' number what they show, for an hour. A title or an id always works"
    ),
}
"""The next step where a number means nothing, by what it was to mean."""


def means(number: str, what: str, title: str) -> str:
    """Say which post or exchange a number means."""
    return message("{number} is the {what} {title}.", number=number, what=what, title=quoted(title))


def exchange_with(name: str) -> str:
    """Return what an exchange is, as it goes before the title of its post."""
    return message("exchange with {name} about", name=named(name))


def no_number(kind: str, number: str) -> str:
    """Say that nothing is called so, and that nothing in a list has this number any longer."""
    if kind == "exchanges":
        return message(
            "no exchange is called {number}, and none in a list of the last hour has this number", number=number
        )
    return message("no post is called {number}, and no result of the last hour has this number", number=number)
