"""How you share: the preference that listings follow, and the places that others may know."""

from __future__ import annotations

from meshnode.api.context import ApiContext
from meshnode.api.handlers.errors import WRITES
from meshnode.api.routes import Route, Routes
from meshnode.app.owner import preference as sharing_cases

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("GET", "/v1/sharing")
async def sharing(context: ApiContext) -> sharing_cases.SharingView:
    """How you share what names no audience of its own."""
    return await context.run(sharing_cases.show)


@_routes.add("PATCH", "/v1/sharing", errors=WRITES)
async def change_sharing(context: ApiContext, body: sharing_cases.SharingChange) -> sharing_cases.SharingView:
    """Change how you share; every listing that follows it moves with it.

    Your exact place stays on this node; what is published of it is as coarse as `precision` says.
    """
    return await context.run(sharing_cases.change, body)
