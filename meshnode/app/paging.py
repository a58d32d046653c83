"""Cuts a long list into pages: which there can be, and which one follows."""

from __future__ import annotations

from meshnode.errors import Field, Usage

PAGE_MAX = 10_000


def check_page(page: int) -> None:
    """Raise Usage for a page that there cannot be."""
    if not 1 <= page <= PAGE_MAX:
        raise Usage("page goes from 1 to {page_max}", field=Field.PAGE, page_max=PAGE_MAX)


def next_page(page: int, size: int, total: int) -> int | None:
    """Return the number of the page after this one; None after the last. A page has `size` of the `total` entries."""
    return page + 1 if total > page * size else None
