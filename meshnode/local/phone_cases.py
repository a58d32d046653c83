"""Turns the page for phones on and off and makes links to it, for the API and for the page: the server has to follow first."""

from __future__ import annotations

from meshnode.app.phones import phones as phone_cases
from meshnode.app.phones import settings as settings_cases
from meshnode.app.phones.access import PhoneLinkView
from meshnode.errors import Refused
from meshnode.local.context import LocalContext


async def turn(context: LocalContext, order: settings_cases.PhonePageOrder) -> phone_cases.PhonesView:
    """Do as the owner has decided, and return how it is then. Refused if the node serves no page at all."""
    if order.on and not context.phone_page.runs:
        raise Refused("the page is off", "start the node without --no-page, and without page = false in config.toml")
    await context.run(settings_cases.change, order)
    if not order.on:
        await context.store_thread.run(context.phones.end_link)
    await context.phone_page.settle()
    return await context.run(phone_cases.phones, context.phones)


async def new_link(context: LocalContext) -> PhoneLinkView:
    """Return a link for one phone. Refused while phones cannot reach the page."""
    return await context.store_thread.run(context.phones.new_link)
