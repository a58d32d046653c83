"""Sends a large file over HTTP in pieces, so that none of it has to lie in memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

FILE = "application/octet-stream"


class FileStream(Response):
    """Sends the pieces of a file; `headers` say how long it is. A client that does not read holds up its own request alone."""

    media_type = FILE

    def __init__(self, content: AsyncGenerator[bytes, None], headers: dict[str, str]) -> None:
        super().__init__(headers=headers)
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the whole response, as the ASGI server asks for it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(self._content):
            async for piece in self._content:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
