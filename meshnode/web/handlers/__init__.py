"""Gathers the addresses of the page, one file for each subject."""

from __future__ import annotations

from meshnode.web.handlers import (
    cards,
    discover,
    exchanges,
    groups,
    home,
    more,
    people,
    posts,
    sharing,
    subscriptions,
)

PARTS = (home, discover, posts, exchanges, people, cards, groups, sharing, more, subscriptions)
ADDRESSES = [route for part in PARTS for route in part.ADDRESSES]
