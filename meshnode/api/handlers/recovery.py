"""Answers requests about recovery: whether the words are written down, and what is open after the owner came back."""

from __future__ import annotations

from meshnode.api.handlers.errors import NAMED, WRITES
from meshnode.api.routes import Route, Routes
from meshnode.app.devices import former as former_cases
from meshnode.app.recovery import friends as friend_cases
from meshnode.app.recovery import kept_shares as share_cases
from meshnode.app.recovery import words as word_cases
from meshnode.errors import NotFound, Unconfirmed
from meshnode.local.context import LocalContext

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("GET", "/v1/recovery")
async def recovery(context: LocalContext) -> former_cases.RecoveryView:
    """Show how you can come back if your devices are lost, and what is left to do where you have."""
    return await context.run(former_cases.recovery)


@_routes.add("POST", "/v1/recovery/confirmed", errors=WRITES)
async def confirm_words(context: LocalContext) -> former_cases.RecoveryView:
    """Note that you have written down your recovery words, so that the status no longer reminds you.

    The words never pass through this API: `meshnode recovery confirm` compares them with the file of your key.
    """
    await context.run(word_cases.note_confirmed)
    return await context.run(former_cases.recovery)


@_routes.add("POST", "/v1/recovery/kept", errors=(*NAMED, *WRITES))
async def keep_device(context: LocalContext, body: former_cases.KeptDevice) -> former_cases.RecoveryView:
    """Say that you still have a device that you had before you came back."""
    return await context.run(former_cases.keep, body)


@_routes.add("PUT", "/v1/recovery/friends", errors=(*NAMED, Unconfirmed, *WRITES))
async def set_friends(context: LocalContext, body: friend_cases.FriendsOrder) -> former_cases.RecoveryView:
    """Give friends shares of your identity key, by message, instead of all earlier ones: some of them can bring you back.

    They could also act as you together, so the first answer is `unconfirmed` unless you want it `anyway`.
    """
    await context.run(friend_cases.set_friends, body)
    return await context.run(former_cases.recovery)


@_routes.add("DELETE", "/v1/recovery/friends", errors=(NotFound, *WRITES))
async def unset_friends(context: LocalContext) -> former_cases.RecoveryView:
    """Let your friends delete their shares of your identity key."""
    await context.run(friend_cases.unset)
    return await context.run(former_cases.recovery)


@_routes.add("POST", "/v1/recovery/help", errors=(*NAMED, Unconfirmed))
async def help_friend(context: LocalContext, body: share_cases.HelpOrder) -> share_cases.HelpView:
    """Show the words that you keep for a friend who has lost everything, to be given to that friend alone, in person."""
    return await context.run(share_cases.help_back, body)
