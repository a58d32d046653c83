"""Answers requests about parcels: files that carry records without a network."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from msgspec import Struct

from meshnode.api.handlers.errors import NAMED, WRITES
from meshnode.api.routes import FileReply, Route, Routes
from meshnode.app.parcels.making import ParcelOrder, ParcelView
from meshnode.app.parcels.taking import TakenView
from meshnode.errors import NotFound
from meshnode.local.context import LocalContext

_routes = Routes()
ROUTES: list[Route] = _routes.table


class HandedOver(Struct, frozen=True):
    """The answer once a parcel counts as handed over."""

    id: str


@_routes.add("POST", "/v1/parcels", status=201, errors=(*NAMED, *WRITES))
async def make_parcel(context: LocalContext, body: ParcelOrder) -> ParcelView:
    """Make a parcel: everything that people may have and are not known to hold.

    Fetch it by its id, and say when it was written to where it is to go. Without anything new its size is 0.
    """
    return await context.parcels.make(body)


@_routes.add("GET", "/v1/parcels/{who:path}", errors=(NotFound,))
async def parcel(context: LocalContext, who: str) -> FileReply:
    """Return a parcel that was made lately. `who` is its id."""
    return FileReply(context.parcels.size(who), context.parcels.content(who))


@_routes.add("PUT", "/v1/parcels/{who:path}", errors=(NotFound, *WRITES))
async def parcel_handed_over(context: LocalContext, who: str) -> HandedOver:
    """Say that a parcel was written to where it is to go: the people in it count as holding that for some days."""
    await context.parcels.handed_over(who)
    return HandedOver(who)


@_routes.add("POST", "/v1/parcels/taken", errors=WRITES)
async def take_parcel(context: LocalContext, stream: AsyncGenerator[bytes, None]) -> TakenView:
    """Take a parcel in: a file of any length. What is not for you is not read."""
    return await context.parcels.take(stream)
