"""What changes, as it changes."""

from __future__ import annotations

from collections.abc import AsyncIterator

from meshnode.api.context import ApiContext
from meshnode.api.routes import Route, Routes
from meshnode.app.events import EventView
from meshnode.errors import Refused

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("GET", "/v1/events", errors=(Refused,))
async def events(context: ApiContext, last_event_id: str | None) -> AsyncIterator[EventView]:
    """What changes, as it changes: an endless stream.

    Each event names a part of the node to look at again. With the Last-Event-ID of an earlier stream it goes on from
    there; where too much has happened since, the first event is a reset.
    """
    return context.feed.listen(last_event_id)
