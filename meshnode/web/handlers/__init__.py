"""Gathers the addresses of the page, one file for each subject."""

from __future__ import annotations

from meshnode.web.handlers import (
    backups,
    cards,
    discover,
    exchanges,
    groups,
    home,
    meetings,
    more,
    node,
    parcels,
    people,
    phones,
    photos,
    posts,
    recovery,
    sharing,
    subscriptions,
    watches,
)

PARTS = (
    home,
    discover,
    posts,
    photos,
    exchanges,
    people,
    cards,
    meetings,
    parcels,
    groups,
    sharing,
    phones,
    watches,
    node,
    backups,
    recovery,
    subscriptions,
    more,
)
ADDRESSES = [route for part in PARTS for route in part.ADDRESSES]
