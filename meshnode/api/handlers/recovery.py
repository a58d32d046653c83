"""Answers requests about recovery: whether the words are written down, and what is open after the owner came back."""

from __future__ import annotations

from meshnode.api.handlers.errors import NAMED, WRITES
from meshnode.api.routes import Route, Routes
from meshnode.app.devices import former as former_cases
from meshnode.app.recovery import words as word_cases
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
