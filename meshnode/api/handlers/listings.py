"""Answers requests about the owner's offers and needs, and shows single ones of others."""

from __future__ import annotations

from meshnode.api.handlers.errors import NAMED, WRITES
from meshnode.api.routes import Route, Routes
from meshnode.app.listings import lifecycle as lifecycle_cases
from meshnode.app.listings import listings as listing_cases
from meshnode.app.listings.view import ListingView
from meshnode.local.context import LocalContext

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("POST", "/v1/listings", status=201, errors=WRITES)
async def post_listing(context: LocalContext, body: listing_cases.ListingDraft) -> ListingView:
    """Post an offer or a need."""
    return await context.run(listing_cases.post, body)


@_routes.add("GET", "/v1/listings")
async def own_listings(context: LocalContext) -> listing_cases.ListingsView:
    """List your own offers and needs, those of them that end soon, and those that have ended."""
    return await context.run(listing_cases.mine, context.catalog)


@_routes.add("GET", "/v1/listings/{who:path}", errors=NAMED)
async def listing(context: LocalContext, who: str) -> ListingView:
    """Show one offer or need that you may see."""
    return await context.run(listing_cases.show, context.catalog, who)


@_routes.add("PATCH", "/v1/listings/{who:path}", errors=(*NAMED, *WRITES))
async def edit_listing(context: LocalContext, who: str, body: listing_cases.ListingEdit) -> ListingView:
    """Change one of your offers or needs."""
    return await context.run(listing_cases.edit, context.catalog, who, body)


@_routes.add("DELETE", "/v1/listings/{who:path}", errors=(*NAMED, *WRITES))
async def withdraw_listing(context: LocalContext, who: str) -> ListingView:
    """Withdraw one of your offers or needs, from every node."""
    return await context.run(lifecycle_cases.withdraw, context.catalog, who)


@_routes.add("POST", "/v1/renewals/{who:path}", errors=(*NAMED, *WRITES))
async def renew_listing(context: LocalContext, who: str, body: lifecycle_cases.Renewal) -> ListingView:
    """Renew one of your offers or needs for as long as a new one would last.

    It may have ended already, as long as this node still remembers it.
    """
    return await context.run(lifecycle_cases.renew, context.catalog, who, body)


@_routes.add("POST", "/v1/closings/{who:path}", errors=(*NAMED, *WRITES))
async def close_listing(context: LocalContext, who: str) -> ListingView:
    """Close one of your offers or needs that is settled.

    It disappears from every node. This node remembers it for some weeks, and `renewals` restores it.
    """
    return await context.run(lifecycle_cases.close, context.catalog, who)
