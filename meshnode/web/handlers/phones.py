"""Shows which phones may use the page, lets further ones in, and removes them. For the computer itself alone."""

from __future__ import annotations

from typing import Any

from meshnode.app.phones import phones as phone_cases
from meshnode.app.phones import settings as settings_cases
from meshnode.app.phones.access import PhoneAnswer
from meshnode.errors import MeshnodeError, Usage
from meshnode.local.phone_cases import new_link, turn
from meshnode.qr.codes import picture
from meshnode.text import page as text
from meshnode.text import phones as phone_text
from meshnode.web.addresses import Addresses, Asked, Elsewhere, Reply, TemplateReply
from meshnode.web.pages import plain
from meshnode.web.problems import problem

_addresses = Addresses()
ADDRESSES = _addresses.table


@_addresses.add("GET", "/phones")
async def phones(asked: Asked) -> Reply:
    """List the phones; while a link is open, show it, and the phone that waits."""
    return await _phones(asked)


@_addresses.add("POST", "/phones")
async def change(asked: Asked) -> Reply:
    """Add, let in, refuse or remove a phone, or turn the page off for phones."""
    context, form = asked.context, asked.form
    try:
        match form.get("act", ""):
            case "add":
                await turn(context, settings_cases.PhonePageOrder(on=True, tls="tls" in form))
                await new_link(context)
                return Elsewhere("/phones")
            case "off":
                await turn(context, settings_cases.PhonePageOrder(on=False))
                return Elsewhere("/phones")
            case "let_in" | "refuse" as act:
                answer = PhoneAnswer(form.get("words", ""), act == "refuse", form.get("name") or None)
                await context.store_thread.run(context.phones.answer, answer)
                return Elsewhere(f"/phones?done={act}")
            case "revoke":
                await context.run(phone_cases.revoke, form.get("name", ""))
                return Elsewhere("/phones?done=removed")
    except MeshnodeError as error:
        return await _phones(asked, error)
    raise Usage(text.NO_SUCH_BUTTON)


async def _phones(asked: Asked, error: MeshnodeError | None = None) -> TemplateReply:
    context, run = asked.context, asked.context.store_thread.run
    link = await run(context.phones.open_link)
    values: dict[str, Any] = {
        "phones": plain(await context.run(phone_cases.phones, context.phones)),
        "request": plain(await run(context.phones.waiting)),
        "link": None if link is None else plain(link),
        "qr": "" if link is None else picture(link.link, exact=True),
        "form": asked.form,
        "phone_text": phone_text,
        "done": asked.query.get("done", ""),
    }
    if error is not None:
        values["problem"] = problem(error)
    return TemplateReply("phones.html", values, 200 if error is None else error.http_status)
