"""Shows photos of posts, takes those that are chosen in a form, and changes those of the owner's posts."""

from __future__ import annotations

from meshnode.app.listings import listings as listing_cases
from meshnode.app.listings import photos as photo_cases
from meshnode.app.listings.photos import PhotoGiven
from meshnode.local.context import LocalContext
from meshnode.photos import child
from meshnode.web.addresses import UPLOAD_MAX_BYTES, Addresses, Asked, Elsewhere, Picture, Reply
from meshnode.web.uploads import File
from protocol.limits import PHOTOS_MAX

_addresses = Addresses()
ADDRESSES = _addresses.table

NUMBERS = range(1, PHOTOS_MAX + 1)


@_addresses.add("GET", "/photos/{which}")
async def picture(asked: Asked) -> Reply:
    """Answer with a photo, or a thumbnail, of a post that the owner may see, as it was made here."""
    return Picture(await asked.context.run(photo_cases.shown, asked.which), child.MEDIA_TYPE)


@_addresses.add("POST", "/photos-of/{which:path}", most=UPLOAD_MAX_BYTES)
async def change(asked: Asked) -> Reply:
    """Give the photos of one of the owner's posts other words, take some away, and add others."""
    context, which = asked.context, asked.which
    await take(context, asked.form, asked.files)
    edit = listing_cases.ListingEdit(photos=chosen(asked.form))
    changed = await context.run(listing_cases.edit, context.catalog, which, edit)
    return Elsewhere(f"/posts/{changed.id}?done=changed")


async def take(context: LocalContext, form: dict[str, str], files: dict[str, File]) -> None:
    """Keep the photos that were chosen, and note in the form which they are: so they need not be chosen twice."""
    for number in NUMBERS:
        if (file := files.get(f"photo{number}")) is not None:
            made = await child.add(file.content)
            given = await context.run(photo_cases.keep, made.photo, made.thumbnail)
            form[f"kept{number}"] = f"{given.photo} {given.thumbnail}"
            form.pop(f"remove{number}", None)


def chosen(form: dict[str, str]) -> tuple[PhotoGiven, ...]:
    """Return the photos of a form, each with its words, without those that are to be taken away."""
    found = []
    for number in NUMBERS:
        photo, _, thumbnail = form.get(f"kept{number}", "").partition(" ")
        if photo and f"remove{number}" not in form:
            found.append(PhotoGiven(photo, thumbnail, form.get(f"words{number}", "").strip()))
    return tuple(found)
