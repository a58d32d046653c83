"""Lets two people on one network connect by a word code: shows one with what comes of it, and takes one that was said."""

from __future__ import annotations

from typing import Any

from meshnode.app.meetings import shown, typed
from meshnode.errors import Field, MeshnodeError, NotFound
from meshnode.local import meetings
from meshnode.text import page as page_text
from meshnode.text import page_people as text
from meshnode.web.addresses import Addresses, Asked, Elsewhere, Reply, TemplateReply
from meshnode.web.fields import weight
from meshnode.web.pages import plain
from meshnode.web.problems import problem

_addresses = Addresses()
ADDRESSES = _addresses.table

WAIT_SECONDS = 3.0  # for the two nodes to be connected, which takes less


@_addresses.add("GET", "/meet")
async def meet_form(asked: Asked) -> Reply:
    """Show the code that is open and what has come of it, and the form where one is typed."""
    return await _form(asked)


@_addresses.add("POST", "/meet")
async def meet(asked: Asked) -> Reply:
    """Show a code, or try the one that was typed."""
    form, act = asked.form, asked.form.get("act")
    try:
        if act == "show":
            await meetings.show(asked.context, shown.MeetingOrder())
            return Elsewhere("/meet")
        if act == "type":
            trust = weight(form) if form.get("know") else None
            order = typed.TypedOrder(form.get("words", ""), trust, wait=WAIT_SECONDS)
            added = plain(await meetings.type_code(asked.context, order, None))
            return Elsewhere(f"/people/{added['person']['id']}?done={text.added(added['state'], by_card=True)}")
    except MeshnodeError as error:
        return await _form(asked, error)
    raise NotFound(page_text.NO_PAGE)


async def _form(asked: Asked, error: MeshnodeError | None = None) -> TemplateReply:
    meeting = plain(await asked.context.run(shown.shown))
    values: dict[str, Any] = {"meeting": meeting, "form": asked.form}
    if error is not None:
        values["problem"] = problem(error)
        values["problem"]["field"] = error.field or Field.WORDS
    return TemplateReply("meet.html", values, 200 if error is None else error.http_status)
