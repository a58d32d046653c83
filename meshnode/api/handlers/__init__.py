"""Gathers the routes of the API, one file for each subject.

A handler runs one use case of `app` in the store's thread and returns its result. The docstring of a handler is published as
the description of its route (see `routes`).
"""

from __future__ import annotations

from meshnode.api.handlers import (
    backups,
    devices,
    discover,
    events,
    exchanges,
    groups,
    leaving,
    listings,
    meetings,
    node,
    page,
    parcels,
    people,
    phones,
    photos,
    preview,
    recovery,
    sharing,
)
from meshnode.api.routes import Route

PARTS = (
    node,
    devices,
    recovery,
    people,
    meetings,
    groups,
    sharing,
    listings,
    photos,
    preview,
    discover,
    exchanges,
    leaving,
    page,
    phones,
    backups,
    parcels,
    events,
)
ROUTES: list[Route] = [route for part in PARTS for route in part.ROUTES]
