"""Answers requests about leaving for good; the command then removes the home."""

from __future__ import annotations

from meshnode.api.handlers.errors import WRITES
from meshnode.api.routes import Route, Routes
from meshnode.app import leaving as leaving_cases
from meshnode.local.context import LocalContext

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("GET", "/v1/leaving")
async def leaving(context: LocalContext) -> leaving_cases.LeavingView:
    """Show what leaving for good would end."""
    return await context.run(leaving_cases.view)


@_routes.add("POST", "/v1/leaving", errors=WRITES)
async def leave(context: LocalContext, body: leaving_cases.LeavingOrder) -> leaving_cases.LeavingView:
    """Say goodbye for good: call off exchanges, withdraw listings, leave groups and take back vouches.

    While you have other devices, nothing is taken back: they go on. The node keeps its home; `meshnode wipe` removes it.
    """
    return await context.run_steps(leaving_cases.leave, body)
