"""Lists the pages that have no place in the navigation of every page."""

from __future__ import annotations

from meshnode.web.addresses import Addresses, Asked, Reply, TemplateReply

_addresses = Addresses()
ADDRESSES = _addresses.table


@_addresses.add("GET", "/more")
async def more(asked: Asked) -> Reply:
    """List the other pages."""
    return TemplateReply("more.html", {})
