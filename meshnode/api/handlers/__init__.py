"""Every route of the API: each calls one use-case on the desk. What they take and answer is declared by their types."""

from __future__ import annotations

from meshnode.api.handlers import devices, finding, groups, listings, node, people, preview, sharing
from meshnode.api.routes import Route

ROUTES: list[Route] = [
    route for part in (node, devices, people, groups, sharing, listings, preview, finding) for route in part.ROUTES
]
