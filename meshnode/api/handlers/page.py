"""Answers requests for the addresses of the owner's page, of the calendar and of the feed."""

from __future__ import annotations

from msgspec import Struct

from meshnode.api.handlers.errors import WRITES
from meshnode.api.routes import Route, Routes
from meshnode.app import subscriptions as subscription_cases
from meshnode.app.page_access import LINK_SECONDS
from meshnode.local.context import LocalContext

_routes = Routes()
ROUTES: list[Route] = _routes.table


class PageLinkView(Struct, frozen=True):
    """A link to your page that signs in one browser of this computer, once, within `seconds`."""

    link: str
    seconds: int


@_routes.add("POST", "/v1/page", status=201, errors=WRITES)
async def open_page(context: LocalContext) -> PageLinkView:
    """Make a link that opens your page in a browser of this computer."""
    return PageLinkView(await context.store_thread.run(context.page.new_link), LINK_SECONDS)


@_routes.add("POST", "/v1/subscriptions", errors=WRITES)
async def subscriptions(
    context: LocalContext, body: subscription_cases.AddressOrder
) -> subscription_cases.SubscriptionsView:
    """Show the secret addresses of your calendar and of the feed of what others share, changing one first if asked to."""
    return await context.run(subscription_cases.show, context.page, body)
