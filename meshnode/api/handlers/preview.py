"""Answers who can see a listing, and what an act would change. None of these requests signs anything."""

from __future__ import annotations

from meshnode.api.handlers.errors import NAMED, WRITES
from meshnode.api.routes import Route, Routes
from meshnode.app.explain import audience as audience_cases
from meshnode.app.explain import what_if as what_if_cases
from meshnode.app.listings.listings import ListingDraft, ListingEdit
from meshnode.app.owner.preference import SharingChange
from meshnode.app.people.people import VouchOrder
from meshnode.local.context import LocalContext

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("GET", "/v1/audience/{who:path}", errors=NAMED)
async def audience(context: LocalContext, who: str) -> audience_cases.AudienceView:
    """List who can see one of your listings now, as far as this node knows."""
    return await context.run_steps(audience_cases.audience, context.catalog, who)


@_routes.add("POST", "/v1/previews", errors=WRITES)
async def preview(context: LocalContext, body: ListingDraft) -> audience_cases.AudienceView:
    """List who could see an offer or need, before you post it."""
    return await context.run_steps(audience_cases.preview, body)


@_routes.add("POST", "/v1/previews/{who:path}", errors=(*NAMED, *WRITES))
async def preview_edit(context: LocalContext, who: str, body: ListingEdit) -> audience_cases.AudienceView:
    """List who could see one of your offers or needs, before you change it."""
    return await context.run_steps(audience_cases.preview_edit, context.catalog, who, body)


@_routes.add("POST", "/v1/what-if/vouch/{who:path}", errors=(*NAMED, *WRITES))
async def what_if_vouch(context: LocalContext, who: str, body: VouchOrder) -> what_if_cases.WhatIfView:
    """Show who would see more or less if you vouched like this."""
    return await context.run_steps(what_if_cases.vouch, context.catalog, who, body.trust)


@_routes.add("POST", "/v1/what-if/unvouch/{who:path}", errors=(*NAMED, *WRITES))
async def what_if_unvouch(context: LocalContext, who: str) -> what_if_cases.WhatIfView:
    """Show who would see more or less if you took your vouch back."""
    return await context.run_steps(what_if_cases.unvouch, context.catalog, who)


@_routes.add("POST", "/v1/what-if/block/{who:path}", errors=(*NAMED, *WRITES))
async def what_if_block(context: LocalContext, who: str) -> what_if_cases.WhatIfView:
    """Show who would see more or less if you blocked a person."""
    return await context.run_steps(what_if_cases.block, context.catalog, who)


@_routes.add("POST", "/v1/what-if/unblock/{who:path}", errors=(*NAMED, *WRITES))
async def what_if_unblock(context: LocalContext, who: str) -> what_if_cases.WhatIfView:
    """Show who would see more or less if you ended a block."""
    return await context.run_steps(what_if_cases.unblock, context.catalog, who)


@_routes.add("POST", "/v1/what-if/sharing", errors=WRITES)
async def what_if_sharing(context: LocalContext, body: SharingChange) -> what_if_cases.WhatIfView:
    """Show who would see more or less if you changed your sharing settings like this."""
    return await context.run_steps(what_if_cases.share, context.catalog, body)
