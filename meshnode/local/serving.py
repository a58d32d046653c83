"""Serves an application over HTTP on a socket that is bound already, to the connections that are admitted."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from ssl import SSLContext

import trio

from meshnode.local.guests import end_in_time
from meshnode.local.http_connection import Application, HttpConnection

GRACE_SECONDS = 0.5  # for requests under way when the node stops
HANDSHAKE_SECONDS = 10.0

Admission = Callable[[trio.SocketStream], AbstractContextManager[bool]]
"""Says whether a connection is to be answered; the block lasts as long as the connection."""


async def serve_application(
    application: Application,
    listener: socket.socket,
    stop: trio.Event,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    *,
    admission: Admission | None = None,
    tls: SSLContext | None = None,
) -> None:
    """Serve `application` on `listener` until `stop` is set, or until cancelled; then close every connection.

    With `admission`, only connections that it admits get a byte; with `tls`, all are encrypted.
    """
    connections: set[HttpConnection] = set()

    async def answer(stream: trio.SocketStream) -> None:
        with nullcontext(enter_result=True) if admission is None else admission(stream) as admitted:
            if not admitted:
                await trio.aclose_forcefully(stream)
                return
            async with trio.open_nursery() as nursery:
                if admission is not None:
                    nursery.start_soon(end_in_time, stream)
                secured = stream if tls is None else await _secured(stream, tls)
                if secured is not None:
                    await _answer(secured, stream.socket)
                nursery.cancel_scope.cancel()

    async def _answer(stream: trio.abc.Stream, connected: trio.socket.SocketType) -> None:
        try:
            connection = HttpConnection(application, stream, connected, "http" if tls is None else "https")
        except OSError:  # it is gone already
            await trio.aclose_forcefully(stream)
            return
        connections.add(connection)
        try:
            await connection.run()
        finally:
            connections.remove(connection)

    async with trio.open_nursery() as nursery:
        try:
            async with trio.open_nursery() as accepting:
                own = trio.SocketListener(trio.socket.from_stdlib_socket(listener.dup()))
                accepting.start_soon(partial(trio.serve_listeners, answer, [own], handler_nursery=nursery))
                task_status.started()
                await stop.wait()
                accepting.cancel_scope.cancel()
        finally:
            for connection in connections:
                connection.stop()
            nursery.cancel_scope.deadline = trio.current_time() + GRACE_SECONDS


async def _secured(stream: trio.SocketStream, tls: SSLContext) -> trio.abc.Stream | None:
    """Return the encrypted stream; None if the other end does not agree on one in time."""
    secured = trio.SSLStream(stream, tls, server_side=True)
    with trio.move_on_after(HANDSHAKE_SECONDS):
        try:
            await secured.do_handshake()
        except trio.BrokenResourceError:
            pass
        else:
            return secured
    await trio.aclose_forcefully(stream)
    return None
