"""Serves an application over HTTP with Hypercorn, on a socket that is bound already.

Hypercorn itself would bind a Unix socket with a mode that lets other users in, would take over the socket of a running
node, and would read from everybody who connects. So connections are accepted here, and it gets those that are admitted.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from ssl import SSLContext
from typing import Any

import trio
from hypercorn.config import Config
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState
from hypercorn.utils import wrap_app

from meshnode import background
from meshnode.guard import Guard
from meshnode.local.connection_shutdown import shut_down_connections
from meshnode.local.guests import end_in_time

log = logging.getLogger("meshnode.local.hypercorn")

GRACE_SECONDS = 0.5  # for requests under way when the node stops
HEAD_MAX_BYTES = 32 * 1024  # of a request before its body
HANDSHAKE_SECONDS = 10.0
IDLE_SECONDS = 5.0  # for which a connection may wait for the head of a request, or for the next one

Admission = Callable[[trio.SocketStream], AbstractContextManager[bool]]
"""Says whether a connection is to be answered; the block lasts as long as the connection."""


async def serve_application(
    application: Any,
    listener: socket.socket,
    guard: Guard,
    stop: trio.Event,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    *,
    admission: Admission | None = None,
    tls: SSLContext | None = None,
) -> None:
    """Serve `application` on `listener` until `stop` is set, or until cancelled; then close every connection.

    With `admission`, only connections that it admits get a byte; with `tls`, all are encrypted.
    """
    config, context = _configured(), WorkerContext(None)
    wrapped = wrap_app(application, config.wsgi_max_body_size, "asgi")

    async def answer(stream: trio.SocketStream) -> None:
        if admission is None:
            await TCPServer(wrapped, config, context, ConnectionState({}), stream)  # type: ignore[arg-type]
            return
        with admission(stream) as admitted:
            if not admitted:
                await trio.aclose_forcefully(stream)
                return
            secured: Any = stream if tls is None else trio.SSLStream(stream, tls, server_side=True)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(end_in_time, stream)
                await TCPServer(wrapped, config, context, ConnectionState({}), secured)
                nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(background.run, guard, "closing connections", shut_down_connections, listener)
        async with trio.open_nursery() as connections:
            try:
                async with trio.open_nursery() as accepting:
                    own = trio.SocketListener(trio.socket.from_stdlib_socket(listener.dup()))
                    accepting.start_soon(partial(trio.serve_listeners, answer, [own], handler_nursery=connections))
                    task_status.started()
                    await stop.wait()
                    accepting.cancel_scope.cancel()
            finally:
                await context.terminated.set()
                connections.cancel_scope.deadline = trio.current_time() + GRACE_SECONDS
        nursery.cancel_scope.cancel()


def _configured() -> Config:
    config = Config()
    config.graceful_timeout = GRACE_SECONDS
    config.ssl_handshake_timeout = HANDSHAKE_SECONDS
    config.keep_alive_timeout = IDLE_SECONDS
    config.alpn_protocols = ["http/1.1"]
    config.h11_max_incomplete_size = HEAD_MAX_BYTES
    config.accesslog = None
    log.setLevel(logging.WARNING)  # below it, Hypercorn logs every start
    config.errorlog = log
    config.include_server_header = False
    return config
