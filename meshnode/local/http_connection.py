"""Speaks HTTP/1.1 on one connection, and has an ASGI application answer what is asked there. h11 reads and writes all of it.

There is no HTTP/2, no WebSocket and no upgrade: a browser on this computer and a command need none of it. A request is
cancelled once its answer can no longer be written, so nothing goes on for somebody who is gone.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import h11
import trio

log = logging.getLogger(__name__)

HEAD_MAX_BYTES = 32 * 1024  # of a request before its body
IDLE_SECONDS = 5.0  # for which a connection may wait for the head of a request, or for the next one
LINGER_SECONDS = 1.0  # for which the end of an answer may take to arrive, while the other end may still be sending
PIECE_BYTES = 64 * 1024  # read at once

Application = Callable[
    [dict[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]
]
"""An ASGI application (https://asgi.readthedocs.io, version 3.0, the HTTP part)."""

_GONE = (trio.BrokenResourceError, trio.ClosedResourceError)


class HttpConnection:
    """One connection. `run` answers its requests, one after the other, until either end has enough."""

    def __init__(self, application: Application, stream: trio.abc.Stream, socket: trio.socket.SocketType, scheme: str):
        self._application = application
        self._stream = stream
        self._addresses = {"client": _address(socket.getpeername()), "server": _address(socket.getsockname())}
        self._scheme = scheme
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_MAX_BYTES)
        self._waiting = trio.CancelScope()  # for the head of a request
        self._request = trio.CancelScope()
        self._stopping = False

    def stop(self) -> None:
        """End with the answer that is under way, or at once where there is none."""
        self._stopping = True
        self._waiting.cancel()

    async def run(self) -> None:
        """Answer requests, then close the connection."""
        try:
            while not self._stopping and await self._answer_one():
                self._http.start_next_cycle()
            await self._linger()
        except _GONE:
            pass
        except h11.RemoteProtocolError as error:
            await self._refuse(error.error_status_hint)
        except Exception:  # one connection must not end the others
            log.exception("a connection failed")
        finally:
            await trio.aclose_forcefully(self._stream)

    async def _answer_one(self) -> bool:
        """Answer one request; return whether another one may follow."""
        self._waiting = trio.CancelScope(deadline=trio.current_time() + IDLE_SECONDS)
        with self._waiting:
            request = await self._next_event()
        if self._waiting.cancelled_caught or not isinstance(request, h11.Request):
            return False
        if not request.target.startswith(b"/"):
            raise h11.RemoteProtocolError("not the path of anything here")
        self._request = trio.CancelScope()
        with self._request:
            await self._call(request)
        if self._http.our_state is not h11.DONE:
            return False
        while self._http.their_state is h11.SEND_BODY and isinstance(self._http.next_event(), h11.Data):
            pass  # the rest of a body that nobody read, as far as it is here
        return self._http.their_state is h11.DONE

    async def _call(self, request: h11.Request) -> None:
        path, _, query = request.target.partition(b"?")
        method = request.method.decode("ascii")
        scope = self._addresses | {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": request.http_version.decode("ascii"),
            "method": method.upper(),
            "scheme": self._scheme,
            "path": unquote(path.decode("ascii")),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": list(request.headers),
        }
        try:
            await self._application(scope, self._receive, _Answer(self._send, bodiless=method.upper() == "HEAD"))
        except Exception:
            log.exception("a request failed")
            if self._http.our_state is h11.SEND_RESPONSE:
                await self._refuse(500)

    async def _receive(self) -> dict[str, Any]:
        """Return what comes next of the request's body; after it, wait until the other end is gone."""
        try:
            event = await self._next_event()
        except (*_GONE, h11.RemoteProtocolError):
            return {"type": "http.disconnect"}
        if isinstance(event, h11.Data):
            return {"type": "http.request", "body": bytes(event.data), "more_body": True}
        if isinstance(event, h11.EndOfMessage):
            return {"type": "http.request", "body": b"", "more_body": False}
        if event is h11.PAUSED:  # the next request is here already; what it brings waits
            await trio.sleep_forever()
        return {"type": "http.disconnect"}

    async def _next_event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                await self._write(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(bytes(await self._stream.receive_some(PIECE_BYTES)))
        return event

    async def _send(self, event: h11.Event) -> None:
        try:
            await self._write(event)
        except _GONE:
            self._request.cancel()
            await trio.lowlevel.checkpoint()

    async def _write(self, event: h11.Event) -> None:
        written = self._http.send(event)
        if written:
            await self._stream.send_all(written)

    async def _refuse(self, status: int) -> None:
        """Answer with a status alone, if no answer has begun, and let no other request follow."""
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        try:
            headers = [("content-length", "0"), ("connection", "close")]
            await self._write(h11.Response(status_code=status, headers=headers))
            await self._write(h11.EndOfMessage())
            await self._linger()
        except _GONE:
            pass

    async def _linger(self) -> None:
        """Say that this was all, and read on for a moment: closing before all was read would take back the last answer."""
        if self._stopping:
            return
        with trio.move_on_after(LINGER_SECONDS):
            if isinstance(self._stream, trio.SocketStream):
                await self._stream.send_eof()
                while await self._stream.receive_some(PIECE_BYTES):
                    pass
            else:
                await self._stream.aclose()


class _Answer:
    """Turns what the application sends into events of h11."""

    def __init__(self, send: Callable[[h11.Event], Awaitable[None]], *, bodiless: bool) -> None:
        self._send = send
        self._bodiless = bodiless

    async def __call__(self, message: Any) -> None:
        """Send one message of the application."""
        if message["type"] == "http.response.start":
            status = int(message["status"])
            self._bodiless = self._bodiless or status in (204, 304)
            await self._send(h11.Response(status_code=status, headers=list(message.get("headers", ()))))
            return
        body = message.get("body", b"")
        if body and not self._bodiless:
            await self._send(h11.Data(data=body))
        if not message.get("more_body", False):
            await self._send(h11.EndOfMessage())


def _address(found: Any) -> tuple[str, int] | None:
    """Return the host and port of a TCP address; None for that of a Unix socket."""
    return (found[0], found[1]) if isinstance(found, tuple) else None
