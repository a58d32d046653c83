"""Texts about long lists that are shown a page at a time."""

from __future__ import annotations

from meshnode.text.catalog import message

PAGE = message("Which page (default 1).")


def next_page(total: int, page: int) -> str:
    """Say how much there is in all, and how to see the next page."""
    return message("{total} in all. See more with --page {page}.", total=total, page=page)


def no_such_page(total: int) -> str:
    """Say that the list ends on an earlier page."""
    return message("No such page: {total} in all.", total=total)
