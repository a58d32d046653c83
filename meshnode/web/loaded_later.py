"""Builds an application of the page at the first request: the templates and the web stack take memory and time to load."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import trio


class LoadedLater:
    """An application that is built at the first request, by the function that `load` returns.

    `load` imports what it takes, in a thread of its own.
    """

    def __init__(self, load: Callable[[], Callable[..., Any]], *arguments: Any) -> None:
        self._load = load
        self._arguments = arguments
        self._application: Any = None
        self._loading = trio.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request, as ASGI asks for it."""
        async with self._loading:
            if self._application is None:
                build = await trio.to_thread.run_sync(self._load)
                self._application = build(*self._arguments)
        await self._application(scope, receive, send)
