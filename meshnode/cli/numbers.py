"""Lets people type the number of a thing in a list instead of its name: `discover` shows 2, and `show 2` means that post.

The last list of posts and the last one of exchanges are `kept` in the home for an hour. The daemon never sees a number: the
command sends the id. Commands that take something away take no numbers, since a number means another thing as soon as
another list was shown.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from meshnode.cli import kept, output
from meshnode.cli.client import Refusal, segment
from meshnode.cli.command import Settings, named
from meshnode.cli.kept import EXCHANGES, POSTS
from meshnode.errors import NotFound
from meshnode.text import numbers as text

NUMBER_DIGITS = 4  # of the longest number; so many letters are also taken for the beginning of an id


def keep(call: Settings, posts: Iterable[dict[str, Any]]) -> None:
    """Keep the order of the posts that were shown with their numbers."""
    kept.keep_posts(os.fspath(call.chosen_home().path), posts)


def keep_exchanges(call: Settings, exchanges: Iterable[dict[str, Any]]) -> None:
    """Keep the order of the exchanges that were shown with their numbers."""
    kept.keep_exchanges(os.fspath(call.chosen_home().path), exchanges)


def post(call: Settings, typed: str, what: str = "post") -> str:
    """Return what was typed for a post, or the id of the post that has this number in the last list, and say which it is.

    A post that is called exactly so goes before. Raises NotFound for a number that nothing has any longer.
    """
    which = named(what, typed).strip()
    return _meant(call, POSTS, which) if _is_number(which) and not _is_called(call, which) else which


def exchange(call: Settings, typed: str) -> str:
    """Return what was typed for an exchange, or the id of the one that has this number; as `post` does for posts."""
    which = named("exchange", typed).strip()
    return _meant(call, EXCHANGES, which) if _is_number(which) and not _is_known(call, which) else which


def _is_number(typed: str) -> bool:
    return typed.isascii() and typed.isdigit() and len(typed) <= NUMBER_DIGITS


def _meant(call: Settings, kind: str, number: str) -> str:
    rows = kept.kept(os.fspath(call.chosen_home().path)).get(kind, [])
    if not 1 <= int(number) <= len(rows):
        raise NotFound(text.no_number(kind, number), text.NO_NUMBER_HINT[kind])
    id_, what, title = rows[int(number) - 1]
    output.note(text.means(number, what, title))
    return id_


def _is_called(call: Settings, number: str) -> bool:
    """Whether a post has exactly this number for its title."""
    try:
        reply = call.client().get(f"/v1/listings/{segment(number)}")
    except Refusal:
        return False
    return bool(reply["title"] == number or _begins(reply["id"], number))


def _is_known(call: Settings, number: str) -> bool:
    """Whether an exchange is about a post that has exactly this number for its title."""
    try:
        reply = call.client().get(f"/v1/exchanges/{segment(number)}")
    except Refusal:
        return False
    return bool(reply["listing"]["title"] == number or _begins(reply["exchange"], number))


def _begins(id_: str, number: str) -> bool:
    """Whether the number is as much of an id as the daemon takes for one."""
    return len(number) == NUMBER_DIGITS and id_.startswith(number)
