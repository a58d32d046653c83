"""Sends events over HTTP as server-sent events (https://html.spec.whatwg.org/#server-sent-events)."""

from __future__ import annotations

from typing import Protocol

import trio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from meshnode.app.events import EventView
from meshnode.local import schema

EVENTS = "text/event-stream"
HEARTBEAT_SECONDS = 15.0  # a comment this often shows both ends that the connection still works


class EventReader(Protocol):
    """The events that a stream sends, one after the other."""

    @property
    def cursor(self) -> str | None:
        """The id of the last event; None if it is unknown."""

    async def __anext__(self) -> EventView:
        """Return the next event. Raises StopAsyncIteration where there will be none."""

    def close(self) -> None:
        """End reading."""


class EventStream(Response):
    """Sends a reader's events until it ends, the client disconnects or the node stops, then closes the reader.

    A client that reads nothing holds up its own stream alone, since sending then waits in the task of this request.
    """

    media_type = EVENTS

    def __init__(self, reader: EventReader, headers: dict[str, str]) -> None:
        super().__init__(headers=headers)
        del self.headers["content-length"]
        self._reader = reader

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the whole response, as the ASGI server asks for it."""
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if scope["method"] == "HEAD":
                await send({"type": "http.response.body", "body": b""})
                return
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_cancel_at_disconnect, receive, nursery.cancel_scope)
                await self._send_events(send)
                await send({"type": "http.response.body", "body": b""})
                nursery.cancel_scope.cancel()
        finally:
            self._reader.close()

    async def _send_events(self, send: Send) -> None:
        cursor = self._reader.cursor
        await _send_block(send, ": the stream has begun" if cursor is None else f"id: {cursor}")
        while True:
            block = ":"
            with trio.move_on_after(HEARTBEAT_SECONDS):
                try:
                    event = await self._reader.__anext__()
                except StopAsyncIteration:
                    return
                block = f"id: {event.id}\nevent: {event.kind}\ndata: {schema.dump(event)}"
            await _send_block(send, block)


async def _send_block(send: Send, lines: str) -> None:
    await send({"type": "http.response.body", "body": f"{lines}\n\n".encode(), "more_body": True})


async def _cancel_at_disconnect(receive: Receive, scope: trio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
