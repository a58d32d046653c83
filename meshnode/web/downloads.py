"""Sends a file of the disk to the browser, which saves it: a piece at a time, however long it is."""

from __future__ import annotations

from collections.abc import Mapping

import trio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from meshnode.web.addresses import SavedFile

PIECE = 256 * 1024  # bytes of a download that are in memory at a time


class Download(Response):
    """Sends a file, then closes it, also where the browser goes away before the end."""

    def __init__(self, saved: SavedFile, headers: Mapping[str, str]) -> None:
        super().__init__(headers=headers, media_type=saved.kind)
        self.headers["content-length"] = str(saved.bytes)  # by which a browser notices that an end is missing
        self._file = saved.file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the whole response, as the ASGI server asks for it."""
        with self._file:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            while piece := await trio.to_thread.run_sync(self._file.read, PIECE):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
