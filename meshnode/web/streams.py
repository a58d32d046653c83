"""Opens event streams for pages that are left open: few for phones, and none that outlives its session."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import Request

from meshnode.app.events import EventView
from meshnode.errors import Refused
from meshnode.local.feed import Reader
from meshnode.text import phones as text
from meshnode.web.entrances import Entrance

OF_PHONES_MAX = 8  # open at once; the other readers of the feed are for this computer


class Streams:
    """The event streams of one entrance."""

    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance
        self.open_now = 0

    def open(self, request: Request) -> SessionReader:
        """Return the events for the session of `request`. Raises Refused if too many streams are open."""
        if self._entrance.is_phone and self.open_now >= OF_PHONES_MAX:
            raise Refused(text.MANY_PAGES, text.MANY_PAGES_HINT)
        reader = self._entrance.context.feed.listen(request.headers.get("last-event-id"))
        self.open_now += 1
        return SessionReader(self, self._entrance, reader, request)


class SessionReader(AsyncIterator[EventView]):
    """Iterates over the events until the session has ended, and is closed as a `Reader` is."""

    def __init__(self, streams: Streams, entrance: Entrance, reader: Reader, request: Request) -> None:
        self._streams, self._entrance, self._reader, self._request = streams, entrance, reader, request

    @property
    def cursor(self) -> str | None:
        """The id of the last event; None if it is unknown."""
        return self._reader.cursor

    async def __anext__(self) -> EventView:
        """Return the next event. Raises StopAsyncIteration where the session has ended before it."""
        event = await anext(self._reader)
        if await self._entrance.session(self._request) is None:
            raise StopAsyncIteration
        return event

    def close(self) -> None:
        """End reading."""
        self._streams.open_now -= 1
        self._reader.close()
