"""Makes cards to hand over, with their code to scan or print, and adds those of others, by their text or by a photo."""

from __future__ import annotations

from typing import Any

import trio

from meshnode.app.groups import groups as group_cases
from meshnode.app.people import cards as card_cases
from meshnode.app.people import introductions as introduction_cases
from meshnode.errors import Field, MeshnodeError, NotFound, Refused, Usage
from meshnode.local import people as people_with_network
from meshnode.qr import photos as card_photos
from meshnode.qr.codes import picture
from meshnode.text import connecting
from meshnode.text import page_people as text
from meshnode.web.addresses import UPLOAD_MAX_BYTES, Addresses, Asked, Elsewhere, Reply, TemplateReply
from meshnode.web.fields import weight, whole
from meshnode.web.pages import plain
from meshnode.web.problems import problem
from protocol import limits

_addresses = Addresses()
ADDRESSES = _addresses.table

WAIT_SECONDS = 3.0  # for the giver of a card to be met: two nodes that are there connect in less
OF_GROUP = "group-"  # begins the field of each group to which a card can invite, before the id of the group
LIVES = ("1", "7", "30")  # days for which a card works
PHOTOS = ("photo", "picture")  # the fields in which a photo of a card is taken, or chosen

_one_at_a_time = trio.CapacityLimiter(1)  # each photo that is read may take MEMORY_BYTES of `boxed`


@_addresses.add("GET", "/card")
async def new_card(asked: Asked) -> Reply:
    """Show the form for a new card."""
    return await _form(asked)


@_addresses.add("POST", "/card")
async def make_card(asked: Asked) -> Reply:
    """Make a card, and show its code and its text. They are shown this once."""
    context, form = asked.context, asked.form
    try:
        uses = whole(form.get("uses", "").strip())
        days = whole(form.get("days", ""))
        if uses is None or days is None:
            raise Usage(text.NO_USES, field=Field.USES)
        chosen = tuple(name.removeprefix(OF_GROUP) for name in form if name.startswith(OF_GROUP))
        order = card_cases.CardOrder(uses=uses, trust=weight(form), expires_in=days * limits.DAY, groups=chosen)
        made = await context.run(card_cases.make, order, context.network.state().addresses)
    except MeshnodeError as error:
        return await _form(asked, error)
    context.network.look_again()
    return TemplateReply("card.html", {"card": plain(made), "picture": picture(made.text)}, acted=True)


async def _form(asked: Asked, error: MeshnodeError | None = None) -> TemplateReply:
    own = plain(await asked.context.run(group_cases.show, group_cases.GroupsQuery()))
    values: dict[str, Any] = {
        "form": {"uses": "1", "know": "number", "trust": "0.8", "days": "7", **asked.form},
        "lives": LIVES,
        "groups": own["groups"],
    }
    if error is not None:
        values["problem"] = problem(error)
    return TemplateReply("new_card.html", values, 200 if error is None else error.http_status)


@_addresses.add("GET", "/add")
async def add_form(asked: Asked) -> Reply:
    """Show the form that adds somebody."""
    return await _add_form(asked, {"card": asked.query.get("person", "")})


@_addresses.add("POST", "/add", most=UPLOAD_MAX_BYTES)
async def add(asked: Asked) -> Reply:
    """Add a person by the text or a photo of their card, or by their name, id or fingerprint words."""
    form = asked.form
    try:
        typed = await _given(asked)
        if not typed:
            raise Usage(connecting.NO_CARD, field=Field.CARD)
        wait = WAIT_SECONDS if typed.lower().startswith("mesh1") else 0.0
        given = card_cases.CardToAdd(typed, weight(form) if form.get("know") else None, wait)
        added = plain(await people_with_network.add(asked.context, given))
    except MeshnodeError as error:
        return await _add_form(asked, form, error)
    if added["state"] == "awaited":
        return Elsewhere("/people?done=awaited")
    return Elsewhere(f"/people/{added['person']['id']}?done={text.added(added['state'], by_card=wait > 0)}")


async def _given(asked: Asked) -> str:
    """Return what was typed, or the text of the card that was photographed, which the form has from now on."""
    typed = asked.form.get("card", "").strip()
    for field in PHOTOS:
        if (file := asked.files.get(field)) is not None:
            read = await trio.to_thread.run_sync(
                card_photos.card_in, file.content, file.name, limiter=_one_at_a_time, abandon_on_cancel=True
            )
            if typed and typed.lower() != read:
                raise Usage(text.TWO_CARDS, field=Field.CARD)
            typed = asked.form["card"] = read
    return typed


async def _add_form(asked: Asked, form: dict[str, str], error: MeshnodeError | None = None) -> TemplateReply:
    waiting = plain(await asked.context.run(introduction_cases.introductions))
    values: dict[str, Any] = {"form": form, "introductions": waiting["introductions"], "takes_photos": asked.is_phone}
    if error is not None:
        values["problem"] = problem(error)
        if isinstance(error, (Usage, Refused, NotFound)):
            values["problem"]["field"] = error.field or Field.CARD  # it is about the person who is to be added
    return TemplateReply("add.html", values, 200 if error is None else error.http_status)
