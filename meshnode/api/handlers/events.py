"""Streams what changes on the node."""

from __future__ import annotations

from collections.abc import AsyncIterator

from meshnode.api.routes import Route, Routes
from meshnode.app.events import EventView
from meshnode.errors import Refused
from meshnode.local.context import LocalContext

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("GET", "/v1/events", errors=(Refused,))
async def events(context: LocalContext, last_event_id: str | None) -> AsyncIterator[EventView]:
    """Stream an event whenever something changes, without end.

    Each event names a part of the node to read again. With the Last-Event-ID of an earlier stream the events after it
    follow; if some of them are no longer known, the first event is a reset.
    """
    return context.feed.listen(last_event_id)
