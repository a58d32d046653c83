"""Gathers the addresses of the page, one file for each subject."""

from __future__ import annotations

from meshnode.web.handlers import discover, exchanges, home, phones, posts

PARTS = (home, discover, posts, exchanges, phones)
ADDRESSES = [route for part in PARTS for route in part.ADDRESSES]
