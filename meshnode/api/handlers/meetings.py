"""Answers requests about word codes, by which two people on one network connect."""

from __future__ import annotations

from meshnode.api.handlers.addresses import parsed
from meshnode.api.handlers.errors import WRITES
from meshnode.api.routes import Route, Routes
from meshnode.app.meetings import shown, typed
from meshnode.app.people.cards import AddedView
from meshnode.local import meetings
from meshnode.local.context import LocalContext

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("POST", "/v1/meeting", status=201, errors=WRITES)
async def show_word_code(context: LocalContext, body: shown.MeetingOrder) -> shown.WordCodeView:
    """Show a word code to somebody on this network: the first person who types it is connected with you, and you with them."""
    return await meetings.show(context, body)


@_routes.add("GET", "/v1/meeting")
async def meeting(context: LocalContext, query: shown.MeetingQuery) -> shown.MeetingView:
    """Show what has come of the word code that you showed last.

    With `wait`, the answer comes as soon as somebody has typed it, or after so many seconds.
    """
    return await meetings.follow(context, query)


@_routes.add("POST", "/v1/meetings", status=201, errors=WRITES)
async def type_word_code(context: LocalContext, body: typed.TypedOrder) -> AddedView:
    """Type the word code that somebody on this network shows: you vouch for them, and they for you.

    There is one try: if the words are wrong, the other person has to show new ones. It takes some seconds.
    """
    return await meetings.type_code(context, body, None if body.peer is None else parsed(body.peer))
