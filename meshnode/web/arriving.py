"""Reads a form whose last field is a large file: the file is passed on as it arrives, and lies nowhere in between.

What comes behind the file is read and dropped, since browsers show no answer that comes before they have sent all.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import trio
from starlette.requests import ClientDisconnect, Request

from meshnode.errors import Usage
from meshnode.web import uploads
from meshnode.web.addresses import FORM_MAX_BYTES

BEGIN_SECONDS = 20.0  # for which a form may come slowly: what holds others up ends then
BYTES_A_SECOND = 64 * 1024  # at which it has to come from then on; a phone at the end of the garden is faster


class ArrivingForm:
    """A form of at most `most` bytes that is still arriving.

    Take `fields` first, then `content` if `has_file`, and `drain` in any case.
    """

    def __init__(self, request: Request, most: int) -> None:
        self._delimiter = uploads.delimiter(request.headers.get("content-type", ""))
        self._stream = request.stream()
        self._most = most
        self._received = 0
        self._waited = 0.0  # seconds for bytes to come; how long the node takes over them does not count
        self._held = bytearray(b"\r\n")  # what has come and was not passed on
        self._ended = False
        self.has_file = False
        """Whether a file was chosen."""

    async def fields(self) -> list[tuple[str, str]]:
        """Return the fields before the file. Raises Usage if this is no form that can be read."""
        fields: list[tuple[str, str]] = []
        while not self._take_fields(fields):
            if len(self._held) > FORM_MAX_BYTES or not (more := await self._more()):
                raise Usage("this form cannot be read")
            self._held += more
        return fields

    def _take_fields(self, fields: list[tuple[str, str]]) -> bool:
        """Move the fields that have come as a whole; return whether those were all."""
        mark = self._delimiter
        while len(self._held) >= len(mark) + 2:
            if not self._held.startswith(mark) or len(fields) > uploads.PARTS_MAX:
                raise Usage("this form cannot be read")
            if self._held.startswith(b"--", len(mark)):
                return True
            head = self._held.find(b"\r\n\r\n", len(mark), len(mark) + uploads.HEAD_MAX_BYTES)
            if head < 0:
                if len(self._held) > len(mark) + uploads.HEAD_MAX_BYTES:
                    raise Usage("this form cannot be read")
                return False
            name, file = uploads.named(bytes(self._held[len(mark) : head]))
            if file is not None:
                self.has_file = bool(file)
                del self._held[: head + 4]
                return True
            end = self._held.find(mark, head + 4)
            if end < 0:
                return False
            fields.append((name, uploads.text(bytes(self._held[head + 4 : end]))))
            del self._held[:end]
        return False

    async def content(self) -> AsyncGenerator[bytes, None]:
        """Yield the file in pieces. One that was cut off on its way just ends, as a file that was cut before."""
        kept = len(self._delimiter) - 1  # may be the beginning of what ends the file
        while (end := self._held.find(self._delimiter)) < 0:
            if len(self._held) > kept:
                yield bytes(self._held[:-kept])
                del self._held[:-kept]
            if not (more := await self._more()):
                end = len(self._held)
                break
            self._held += more
        if end:
            yield bytes(self._held[:end])
        self._held.clear()

    async def drain(self) -> None:
        """Read what is left and drop it; give up where it does not come, or where it is too long for anything."""
        self._held.clear()
        async with aclosing(self._stream):
            while not self._ended and self._received <= self._most:
                await self._next()

    async def _more(self) -> bytes:
        """Return the next bytes; none where there are no others. Raises Usage where they do not come in time."""
        more: bytes | None = b""
        while not more and not self._ended:
            more = await self._next()
            if more is None:
                raise Usage("this form took too long to arrive", "send it again")
        return more or b""

    async def _next(self) -> bytes | None:
        """Return what comes next, which may be nothing; None where it does not come in time. Nothing comes after either."""
        began, more = trio.current_time(), None
        with trio.move_on_after(max(0.0, BEGIN_SECONDS + self._received / BYTES_A_SECOND - self._waited)) as patience:
            try:
                more = await anext(self._stream, None)
            except ClientDisconnect:
                more = None
        self._waited += trio.current_time() - began
        self._ended = more is None
        if patience.cancelled_caught:
            return None
        self._received += len(more or b"")
        return more or b""
