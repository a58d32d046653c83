"""Sends a large file over HTTP in pieces, so that none of it has to lie in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import BinaryIO, Protocol, Self

import trio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

FILE = "application/octet-stream"
PIECE_BYTES = 256 * 1024  # of an open file that are in memory at a time


class FileContent(Protocol):
    """The content of a file, a piece at a time; `aclose` lets go of what it comes from."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    async def aclose(self) -> object: ...


class FilePieces:
    """The content of an open file, which `aclose` closes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        piece = await trio.to_thread.run_sync(self._file.read, PIECE_BYTES)
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Close the file."""
        self._file.close()


class FileStream(Response):
    """Sends `size` bytes of a file, then closes it, also where the client goes away before the end.

    A client that does not read holds up its own request alone.
    """

    media_type = FILE

    def __init__(self, content: FileContent, size: int, headers: dict[str, str]) -> None:
        super().__init__(headers=headers | {"Content-Length": str(size)})  # by which a client notices a missing end
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the whole response, as the ASGI server asks for it."""
        async with aclosing(self._content):
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async for piece in self._content:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
