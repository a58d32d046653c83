"""Keeps the last list of posts and the last one of exchanges in the home, for an hour: `numbers` says what for."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress

from meshnode.text import numbers as text

TYPE_CHECKING = False  # as mypy knows it: importing `typing` takes a tenth of the time that a call may take
if TYPE_CHECKING:
    from typing import Any

KEPT_SECONDS = 3_600  # longer than people remember which result stood where
KEPT_MAX = 1_000  # things in one list, as many as a page can have
FILE = ".results.json"  # in the home
POSTS, EXCHANGES = "posts", "exchanges"

Row = tuple[str, str, str]
"""A thing in a list: its id, what it is, and the title of its post."""


def keep_posts(home: str, posts: Iterable[dict[str, Any]]) -> None:
    """Keep the order of the posts that were shown with their numbers."""
    _keep(home, POSTS, [(post["id"], post["type"], post["title"]) for post in posts])


def keep_exchanges(home: str, exchanges: Iterable[dict[str, Any]]) -> None:
    """Keep the order of the exchanges that were shown with their numbers."""
    rows = [(one["exchange"], text.exchange_with(one["with"]["name"]), one["listing"]["title"]) for one in exchanges]
    _keep(home, EXCHANGES, rows)


def kept(home: str) -> dict[str, list[Row]]:
    """Return the lists of the last hour by kind."""
    try:
        with open(os.path.join(home, FILE), "rb") as file:
            found = json.loads(file.read())
        return {
            kind: [(str(id_), str(what), str(title)) for id_, what, title in one["rows"]]
            for kind, one in found.items()
            if kind in (POSTS, EXCHANGES) and 0 <= time.time() - one["at"] <= KEPT_SECONDS
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def _keep(home: str, kind: str, rows: list[Row]) -> None:
    """Keep a list beside that of the other kind. Where the home cannot be written, numbers do not work."""
    path, now = os.path.join(home, FILE), time.time()
    lists = {other: {"at": now, "rows": known} for other, known in kept(home).items() if other != kind}
    lists[kind] = {"at": now, "rows": rows[:KEPT_MAX]}
    with suppress(OSError):
        draft = f"{path}.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(json.dumps(lists).encode("ascii"))
        os.replace(draft, path)
