"""Finding what others share."""

from __future__ import annotations

from meshnode.api.routes import Route, Routes
from meshnode.api.site import Site
from meshnode.app import discover as discover_cases

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("GET", "/v1/discover")
async def discover(site: Site, query: discover_cases.Search) -> discover_cases.Discovery:
    """What others share with you."""
    return await site.run(discover_cases.discover, site.catalogue, query)
