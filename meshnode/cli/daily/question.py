"""Holds what a daily command asks the daemon for."""

from __future__ import annotations

import json

from meshnode.cli.request import request, target

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any


class DailyQuestion:
    """A request that is not sent yet: a method, a target and, for a POST, a JSON body. No dataclass: creating one costs start time."""

    __slots__ = ("body", "method", "target")

    def __init__(self, method: str, target: str, body: dict[str, Any] | None = None) -> None:
        self.method = method
        self.target = target
        self.body = body

    def written(self) -> bytes:
        """Return the whole request, in the language of this call."""
        content = None if self.body is None else json.dumps(self.body).encode("ascii")
        return request(self.method, self.target, content)


def get(path: str, /, **query: Any) -> DailyQuestion:
    """Return the question of a GET; None and empty values are left out of the query."""
    return DailyQuestion("GET", target(path, query.items()))


def post(path: str, /, **body: Any) -> DailyQuestion:
    """Return the question of a POST."""
    return DailyQuestion("POST", path, body)
