"""Gathers the addresses of the page, one file for each subject."""

from __future__ import annotations

from meshnode.web.handlers import discover, exchanges, home, posts, subscriptions

PARTS = (home, discover, posts, exchanges, subscriptions)
ADDRESSES = [route for part in PARTS for route in part.ADDRESSES]
