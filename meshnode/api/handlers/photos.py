"""Answers requests about the photos of posts."""

from __future__ import annotations

from base64 import b64encode

from msgspec import Struct

from meshnode.api.handlers.errors import WRITES
from meshnode.api.routes import Route, Routes
from meshnode.app.listings import photos as photo_cases
from meshnode.errors import NotFound
from meshnode.local.context import LocalContext
from meshnode.photos import child

_routes = Routes()
ROUTES: list[Route] = _routes.table


class PhotoFile(Struct, frozen=True):
    """A photo or a thumbnail: its media `type`, and its bytes in base64."""

    type: str
    data: str


@_routes.add("POST", "/v1/photos", status=201, errors=WRITES)
async def add_photo(context: LocalContext, content: bytes) -> photo_cases.PhotoGiven:
    """Add a photo for a post: a JPEG, PNG, WebP or GIF file.

    It is made small, and everything but the picture is taken out. The answer names it in `photos` of a post; without a post it
    is deleted after an hour.
    """
    made = await child.add(content)
    return await context.run(photo_cases.keep, made.photo, made.thumbnail)


@_routes.add("GET", "/v1/photos/{who:path}", errors=(NotFound,))
async def photo(context: LocalContext, who: str) -> PhotoFile:
    """Return a photo, or a thumbnail, of a post that you may see. `who` is its name in the post."""
    data = await context.run(photo_cases.shown, who)
    return PhotoFile(child.MEDIA_TYPE, b64encode(data).decode("ascii"))
