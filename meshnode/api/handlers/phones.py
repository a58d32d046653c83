"""Answers requests about the phones that may use the owner's page."""

from __future__ import annotations

import trio
from msgspec import Struct

from meshnode.api.handlers.errors import NAMED, WRITES
from meshnode.api.routes import Route, Routes
from meshnode.app.devices.confirmation import WAIT_SECONDS_MAX
from meshnode.app.phones import access
from meshnode.app.phones import phones as phone_cases
from meshnode.app.phones import settings as settings_cases
from meshnode.errors import NotFound
from meshnode.local import phone_cases as turning
from meshnode.local.context import LocalContext

_routes = Routes()
ROUTES: list[Route] = _routes.table


class PhoneRequestQuery(Struct, frozen=True):
    """For how many seconds to wait for a phone, 45 at most, where none waits yet for your word."""

    wait: int = 0


@_routes.add("PUT", "/v1/phone-page", errors=WRITES)
async def turn_phone_page(context: LocalContext, body: settings_cases.PhonePageOrder) -> phone_cases.PhonesView:
    """Let phones of your home network reach your page, or no longer."""
    return await turning.turn(context, body)


@_routes.add("POST", "/v1/phone-links", status=201, errors=WRITES)
async def make_phone_link(context: LocalContext) -> access.PhoneLinkView:
    """Make a link with which one phone asks to be let in, once, within ten minutes."""
    return await turning.new_link(context)


@_routes.add("GET", "/v1/phone-request")
async def waiting_phone(context: LocalContext, query: PhoneRequestQuery) -> access.PhoneRequestView:
    """Show the phone that has used a link and waits for your word, with the words that it shows itself.

    With `wait`, the answer comes as soon as one waits, or after so many seconds.
    """
    run = context.store_thread.run
    found = await run(context.phones.waiting)
    with trio.move_on_after(max(0, min(query.wait, WAIT_SECONDS_MAX))):
        while found.words is None:
            await context.feed.wait_for_event()
            found = await run(context.phones.waiting)
    return found


@_routes.add("POST", "/v1/phone-request", errors=(NotFound, *WRITES))
async def answer_phone(context: LocalContext, body: access.PhoneAnswer) -> access.PhoneRequestView:
    """Let in the phone that waits, by the words that it shows, or refuse it."""
    return await context.store_thread.run(context.phones.answer, body)


@_routes.add("GET", "/v1/phones")
async def phones(context: LocalContext) -> phone_cases.PhonesView:
    """List the phones that may use your page, and what they did lately."""
    return await context.run(phone_cases.phones, context.phones)


@_routes.add("DELETE", "/v1/phones/{who:path}", errors=(*NAMED, *WRITES))
async def revoke_phone(context: LocalContext, who: str) -> phone_cases.PhoneView:
    """Let a phone in no longer."""
    return await context.run(phone_cases.revoke, who)
