"""Serves the page on the loopback interface. Its templates and the web stack are loaded when somebody first asks for it."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import trio

from meshnode import background
from meshnode.app.page_access import LOOPBACK
from meshnode.web.loaded_later import LoadedLater

if TYPE_CHECKING:
    from collections.abc import Callable

    from meshnode.local.context import LocalContext

DEFAULT_PORT = 4748  # beside that of the node itself
PORTS_TRIED = 20  # then any that is free
BACKLOG = 64
_PORT = "page_port"  # where the page listened last, in the store's small values: bookmarks go on working


async def serve(context: LocalContext, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Serve the page of the node of `context` until cancelled, to this computer alone. Where no port is free, do nothing.

    `task_status` is told once it listens. An error is noted, and ends neither the page nor the node.
    """
    meta, run = context.replica.store.meta, context.store_thread.run
    listener = _bind(await run(meta.get, _PORT))
    if listener is None:
        task_status.started()
        return
    with listener:
        try:
            context.page.port = listener.getsockname()[1]
            await run(meta.set, _PORT, str(context.page.port))
            task_status.started()
            await background.run(context.replica.guard, "serving your page", _serve, context, listener)
        finally:
            context.page.port = None


async def _serve(context: LocalContext, listener: socket.socket) -> None:
    from meshnode.local.serving import serve_application

    await serve_application(LoadedLater(_imported, context), listener, context.stop)


def _imported() -> Callable[[LocalContext], Any]:
    from meshnode.web.app import build

    return build


def _bind(last: str | None) -> socket.socket | None:
    """Return a socket that listens on this computer alone: at the port of the last time, or the next that is free."""
    ports = [int(last)] if last else []
    for port in (*ports, *range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED), 0):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        with suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((LOOPBACK, port))
            listener.listen(BACKLOG)
            return listener
        listener.close()
    return None
