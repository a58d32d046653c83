"""Answers the request for a link to the owner's page."""

from __future__ import annotations

from dataclasses import dataclass

from meshnode.api.handlers.errors import WRITES
from meshnode.api.routes import Route, Routes
from meshnode.app.page_access import LINK_SECONDS
from meshnode.local.context import LocalContext

_routes = Routes()
ROUTES: list[Route] = _routes.table


@dataclass(frozen=True, slots=True)
class PageLinkView:
    """A link to your page that signs in one browser of this computer, once, within `seconds`."""

    link: str
    seconds: int


@_routes.add("POST", "/v1/page", status=201, errors=WRITES)
async def open_page(context: LocalContext) -> PageLinkView:
    """Make a link that opens your page in a browser of this computer."""
    return PageLinkView(await context.store_thread.run(context.page.new_link), LINK_SECONDS)
