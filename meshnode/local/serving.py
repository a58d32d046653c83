"""Serves an application over HTTP with Hypercorn, on a socket that is bound already.

Hypercorn itself would bind a Unix socket with a mode that lets other users in, and would take over the socket of a running
node. It therefore gets a descriptor.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import trio
from hypercorn import trio as hypercorn_trio
from hypercorn.config import Config

from meshnode import background
from meshnode.guard import Guard
from meshnode.local.connection_shutdown import shut_down_connections

log = logging.getLogger("meshnode.local.hypercorn")

GRACE_SECONDS = 0.5  # for requests under way when the node stops
HEAD_MAX_BYTES = 32 * 1024  # of a request before its body

# The types by which Starlette and Hypercorn describe ASGI are not compatible.
_serve: Callable[..., Awaitable[None]] = hypercorn_trio.serve


async def serve_application(
    application: Any,
    listener: socket.socket,
    guard: Guard,
    stop: trio.Event,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve `application` on `listener` until `stop` is set, or until cancelled; then close every connection."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(background.run, guard, "closing connections", shut_down_connections, listener)
        await _serve(
            application, _configured(listener), shutdown_trigger=stop.wait, mode="asgi", task_status=task_status
        )
        nursery.cancel_scope.cancel()


def _configured(listener: socket.socket) -> Config:
    config = Config()
    config.bind = [f"fd://{os.dup(listener.fileno())}"]  # Hypercorn closes the descriptor it gets
    config.graceful_timeout = GRACE_SECONDS
    config.alpn_protocols = ["http/1.1"]
    config.h11_max_incomplete_size = HEAD_MAX_BYTES
    config.accesslog = None
    log.setLevel(logging.WARNING)  # below it, Hypercorn logs every start
    config.errorlog = log
    config.include_server_header = False
    return config
