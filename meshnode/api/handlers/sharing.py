"""Answers requests about the sharing preference, which listings follow, and about the place that others may know."""

from __future__ import annotations

from meshnode.api.handlers.errors import WRITES
from meshnode.api.routes import Route, Routes
from meshnode.app.owner import pause as pause_cases
from meshnode.app.owner import preference as sharing_cases
from meshnode.local.context import LocalContext

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("GET", "/v1/sharing")
async def sharing(context: LocalContext) -> sharing_cases.SharingView:
    """Show how you share listings that have no audience of their own."""
    return await context.run(sharing_cases.show)


@_routes.add("PATCH", "/v1/sharing", errors=WRITES)
async def change_sharing(context: LocalContext, body: sharing_cases.SharingChange) -> sharing_cases.SharingView:
    """Change how you share. The change applies to every listing that follows this preference.

    Your exact place stays on this node; others learn it only as precisely as `precision` says.
    """
    return await context.run(sharing_cases.change, body)


@_routes.add("PUT", "/v1/pause", errors=WRITES)
async def pause(context: LocalContext, body: pause_cases.PauseChange) -> pause_cases.PauseView:
    """Go away, or come back.

    While you are away all your listings are hidden from others, on every node that hears of it, whatever their audience.
    """
    return await context.run(pause_cases.change, body)
