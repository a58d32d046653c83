"""Answers requests about the node itself: its state, its connections, and what is wrong."""

from __future__ import annotations

from meshnode.api.context import ApiContext
from meshnode.api.handlers.errors import NAMED
from meshnode.api.routes import Route, Routes
from meshnode.app import export as export_cases
from meshnode.app.discover.watches import preparing_watches
from meshnode.app.explain import doctor as doctor_cases
from meshnode.app.explain import status as status_cases
from meshnode.app.peers import sync as sync_cases

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("GET", "/v1/status")
async def status(context: ApiContext) -> status_cases.StatusView:
    """Show the state of the node, and any problems, in words."""
    return await context.run(status_cases.status, context.network.state())


@_routes.add("GET", "/v1/peers")
async def peers(context: ApiContext) -> status_cases.PeersView:
    """List the current connections."""
    return await context.run(status_cases.peers, context.network.state())


@_routes.add("POST", "/v1/sync")
async def synchronize(context: ApiContext) -> sync_cases.SyncView:
    """Synchronize now with everybody you know who is in reach. This takes some seconds."""
    synced, missing = await context.network.sync()
    return await context.run(sync_cases.report, synced, missing)


@_routes.add("GET", "/v1/export")
async def export(context: ApiContext) -> export_cases.ExportView:
    """Export everything of yours on this node in one document. It contains no key, but it is private."""
    await context.run_steps(preparing_watches, context.catalog, context.watcher)
    return await context.run(export_cases.export, context.catalog, context.watcher)


@_routes.add("GET", "/v1/doctor")
async def doctor(context: ApiContext) -> doctor_cases.DoctorView:
    """Check for common problems."""
    return await context.run(doctor_cases.look_at_node, context.network.state())


@_routes.add("GET", "/v1/doctor/{who:path}", errors=NAMED)
async def doctor_person(context: ApiContext, who: str) -> doctor_cases.DoctorView:
    """Check why your node does not connect with a person's."""
    person = await context.run(doctor_cases.person_named, who)
    return await context.run(
        doctor_cases.look_at_person, person, context.network.state(), context.network.attempts(person)
    )
