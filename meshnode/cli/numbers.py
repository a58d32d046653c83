"""Lets people type the number of a result instead of its title: `discover` shows 2, and `show 2` means that post.

The last list is kept in the home for an hour. The daemon never sees a number: the command sends the id. Commands that take
something away take no numbers, since a number means another post as soon as another list was shown.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from typing import Any

from meshnode.cli import output
from meshnode.cli.client import Refusal, segment
from meshnode.cli.command import Settings, named
from meshnode.errors import NotFound
from meshnode.text import numbers as text

KEPT_SECONDS = 3_600  # longer than people remember which result stood where
KEPT_MAX = 1_000  # results in one list, as many as a page can have
NUMBER_DIGITS = 4
FILE = ".results.json"  # in the home


def keep(call: Settings, listings: list[dict[str, Any]]) -> None:
    """Keep the order of the listings that were shown. Where the home cannot be written, numbers do not work."""
    rows = [(listing["id"], listing["type"], listing["title"]) for listing in listings[:KEPT_MAX]]
    path = call.chosen_home().path / FILE
    with suppress(OSError):
        draft = path.with_name(f"{FILE}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - the mode must be right from the first byte on
            file.write(json.dumps({"at": time.time(), "posts": rows}).encode("ascii"))
        draft.replace(path)


def post(call: Settings, typed: str, what: str = "post") -> str:
    """Return what was typed for a post, or the id of the post that has this number in the last list, and say which it is.

    A post that is called exactly so goes before. Raises NotFound for a number that nothing has any longer.
    """
    which = named(what, typed).strip()
    if not which.isascii() or not which.isdigit() or len(which) > NUMBER_DIGITS or _is_called(call, which):
        return which
    rows = _kept(call)
    if not 1 <= int(which) <= len(rows):
        raise NotFound(text.no_number(which), text.NO_NUMBER_HINT)
    id_, kind, title = rows[int(which) - 1]
    output.note(text.means(which, kind, title))
    return str(id_)


def _is_called(call: Settings, number: str) -> bool:
    """Whether a post has exactly this number for its title."""
    try:
        reply = call.client().get(f"/v1/listings/{segment(number)}")
    except Refusal:
        return False
    return bool(reply["title"] == number)


def _kept(call: Settings) -> list[tuple[str, str, str]]:
    try:
        kept = json.loads((call.chosen_home().path / FILE).read_bytes())
        return kept["posts"] if 0 <= time.time() - kept["at"] <= KEPT_SECONDS else []
    except (OSError, ValueError, LookupError, TypeError):
        return []
