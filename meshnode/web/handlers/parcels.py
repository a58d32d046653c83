"""Makes parcels, which the browser saves, and takes in those that others have sent: sharing without a network."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from meshnode.app.parcels.making import ParcelOrder
from meshnode.app.people import people as people_cases
from meshnode.errors import Field, MeshnodeError, StorageFailed, Usage
from meshnode.local.context import LocalContext
from meshnode.local.parcels import FILE_BYTES_MAX
from meshnode.text import parcels as text
from meshnode.web.addresses import FORM_MAX_BYTES, Addresses, Asked, LargeDocument, Reply, TemplateReply
from meshnode.web.pages import plain
from meshnode.web.problems import problem

_addresses = Addresses()
ADDRESSES = _addresses.table

SUFFIX = ".parcel"
PERSON = "person-"  # begins the field of each person for whom a parcel can be, before the id of the person


@_addresses.add("GET", "/carry")
async def carry(asked: Asked) -> Reply:
    """Show the form that takes a parcel in, and the one that makes one."""
    return await _carry(asked)


@_addresses.add("POST", "/carry")
async def make(asked: Asked) -> Reply:
    """Make a parcel, and show for whom there is something in it."""
    people = tuple(name.removeprefix(PERSON) for name in asked.form if name.startswith(PERSON))
    order = ParcelOrder(people, again="again" in asked.form, photos="no-photos" not in asked.form)
    try:
        made = await asked.context.parcels.make(order)
    except MeshnodeError as error:
        return await _carry(asked, error)
    return await _carry(asked, made=plain(made))


@_addresses.add("POST", "/carry/in", most=FILE_BYTES_MAX + FORM_MAX_BYTES, streams=True)
async def take_in(asked: Asked) -> Reply:
    """Take in the parcel that was chosen, as it arrives, and say what it has brought."""
    try:
        if asked.arriving is None:
            raise Usage(text.NO_PARCEL)
        taken = plain(await asked.context.parcels.take(asked.arriving))
    except StorageFailed:
        raise
    except MeshnodeError as error:
        shown = await _carry(asked, error)
        shown.values["problem"]["field"] = Field.PARCEL
        return shown
    return await _carry(asked, taken=text.taken(taken))


@_addresses.add("POST", "/carry/out/{which}")
async def save(asked: Asked) -> Reply:
    """Give a parcel that was made lately to the browser, which saves it."""
    try:
        size = asked.context.parcels.size(asked.which)
    except MeshnodeError as error:
        return await _carry(asked, error)
    return LargeDocument(f"{asked.which}{SUFFIX}", size, _saving(asked.context, asked.which))


async def _saving(context: LocalContext, which: str) -> AsyncGenerator[bytes, None]:
    """Yield a parcel. Before its end it counts as handed over: else somebody could hold what the node knows nothing of."""
    last = b""
    async with aclosing(context.parcels.content(which)) as content:
        async for piece in content:
            if last:
                yield last
            last = piece
    try:
        await context.parcels.note_handed_over(which)
    except StorageFailed as error:
        context.fail(error)
        raise
    yield last


async def _carry(
    asked: Asked, error: MeshnodeError | None = None, *, made: dict[str, Any] | None = None, taken: str = ""
) -> TemplateReply:
    context = asked.context
    values: dict[str, Any] = {
        "people": plain(await context.run(people_cases.vouched_for)),
        "form": asked.form,
        "made": made,
        "taken": taken,
    }
    if error is not None:
        values["problem"] = problem(error)
    return TemplateReply("carry.html", values, 200 if error is None else error.http_status, acted=bool(made or taken))
