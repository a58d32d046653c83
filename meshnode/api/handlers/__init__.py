"""Every route of the API: each calls one use-case on the desk. What they take and answer is declared by their types."""

from __future__ import annotations

from meshnode.api.handlers import devices, discover, events, exchanges, groups, listings, node, people, preview, sharing
from meshnode.api.routes import Route

PARTS = (node, devices, people, groups, sharing, listings, preview, discover, exchanges, events)
ROUTES: list[Route] = [route for part in PARTS for route in part.ROUTES]
