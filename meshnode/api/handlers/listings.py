"""One's own offers and needs, and one in full."""

from __future__ import annotations

from meshnode.api.context import ApiContext
from meshnode.api.handlers.errors import NAMED, WRITES
from meshnode.api.routes import Route, Routes
from meshnode.app.listings import lifecycle as ending_cases
from meshnode.app.listings import listings as listing_cases
from meshnode.app.listings.view import ListingView

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("POST", "/v1/listings", status=201, errors=WRITES)
async def post_listing(context: ApiContext, body: listing_cases.ListingDraft) -> ListingView:
    """Post an offer or a need."""
    return await context.run(listing_cases.post, body)


@_routes.add("GET", "/v1/listings")
async def own_listings(context: ApiContext) -> listing_cases.ListingsView:
    """Your own offers and needs, which of them end soon, and those that are over."""
    return await context.run(listing_cases.mine, context.catalog)


@_routes.add("GET", "/v1/listings/{who:path}", errors=NAMED)
async def listing(context: ApiContext, who: str) -> ListingView:
    """One offer or need that you may see."""
    return await context.run(listing_cases.show, context.catalog, who)


@_routes.add("PATCH", "/v1/listings/{who:path}", errors=(*NAMED, *WRITES))
async def edit_listing(context: ApiContext, who: str, body: listing_cases.ListingEdit) -> ListingView:
    """Change an offer or need of yours."""
    return await context.run(listing_cases.edit, context.catalog, who, body)


@_routes.add("DELETE", "/v1/listings/{who:path}", errors=(*NAMED, *WRITES))
async def withdraw_listing(context: ApiContext, who: str) -> ListingView:
    """Withdraw an offer or need of yours, everywhere."""
    return await context.run(ending_cases.withdraw, context.catalog, who)


@_routes.add("POST", "/v1/renewals/{who:path}", errors=(*NAMED, *WRITES))
async def renew_listing(context: ApiContext, who: str, body: ending_cases.Renewal) -> ListingView:
    """Let an offer or need of yours stand as long again as a new one would.

    It may be over already, as long as this node remembers it.
    """
    return await context.run(ending_cases.renew, context.catalog, who, body)


@_routes.add("POST", "/v1/closings/{who:path}", errors=(*NAMED, *WRITES))
async def close_listing(context: ApiContext, who: str) -> ListingView:
    """Close an offer or need of yours, since it is done with.

    It is gone everywhere; this node remembers it for some weeks, and `renewals` brings it back.
    """
    return await context.run(ending_cases.close, context.catalog, who)
