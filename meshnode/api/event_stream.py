"""Server-sent events: how a stream of replies goes over HTTP (https://html.spec.whatwg.org/#server-sent-events)."""

from __future__ import annotations

import json

import trio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from meshnode.api import schema
from meshnode.api.feed import Reader
from meshnode.api.openapi import EVENTS

HEARTBEAT_SECONDS = 15.0  # a comment this often tells both ends that the other is still there


class EventStream(Response):
    """Sends what its reader hears, until the other end goes or the node stops. Who takes nothing holds up only this."""

    media_type = EVENTS

    def __init__(self, reader: Reader, headers: dict[str, str]) -> None:
        super().__init__(headers=headers)
        del self.headers["content-length"]
        self._reader = reader

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as ASGI wants it."""
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if scope["method"] == "HEAD":
                await send({"type": "http.response.body", "body": b""})
                return
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_until_gone, receive, nursery.cancel_scope)
                await self._send_all(send)
        finally:
            self._reader.close()

    async def _send_all(self, send: Send) -> None:
        place = self._reader.place
        await _send_block(send, ": here is what changes" if place is None else f"id: {place}")
        while True:
            block = ":"
            with trio.move_on_after(HEARTBEAT_SECONDS):
                event = await anext(self._reader)
                data = json.dumps(schema.write(event), separators=(",", ":"))
                block = f"id: {event.id}\nevent: {event.kind}\ndata: {data}"
            await _send_block(send, block)


async def _send_block(send: Send, lines: str) -> None:
    await send({"type": "http.response.body", "body": f"{lines}\n\n".encode(), "more_body": True})


async def _until_gone(receive: Receive, scope: trio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
