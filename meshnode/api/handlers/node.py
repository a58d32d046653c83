"""The node itself: how it is, whom it is connected to, what is wrong."""

from __future__ import annotations

from meshnode.api.context import ApiContext
from meshnode.api.handlers.errors import NAMED
from meshnode.api.routes import Route, Routes
from meshnode.app import export as export_cases
from meshnode.app.explain import doctor as doctor_cases
from meshnode.app.explain import status as status_cases
from meshnode.app.peers import sync as sync_cases

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("GET", "/v1/status")
async def status(context: ApiContext) -> status_cases.StatusView:
    """How the node is doing, and what is wrong, in words."""
    return await context.run(status_cases.status, context.network.state())


@_routes.add("GET", "/v1/peers")
async def peers(context: ApiContext) -> status_cases.PeersView:
    """The sessions of this moment."""
    return await context.run(status_cases.peers, context.network.state())


@_routes.add("POST", "/v1/sync")
async def synchronize(context: ApiContext) -> sync_cases.SyncView:
    """Look for everybody you know and compare with all who are there, now; takes some seconds."""
    synced, missing = await context.network.sync()
    return await context.run(sync_cases.report, synced, missing)


@_routes.add("GET", "/v1/export")
async def export(context: ApiContext) -> export_cases.ExportView:
    """All that is yours on this node, in one document; for you alone, though there is no key in it."""
    return await context.run(export_cases.export, context.catalog, context.watcher)


@_routes.add("GET", "/v1/doctor")
async def doctor(context: ApiContext) -> doctor_cases.DoctorView:
    """Look for the usual causes of trouble."""
    return await context.run(doctor_cases.look_at_node, context.network.state())


@_routes.add("GET", "/v1/doctor/{who:path}", errors=NAMED)
async def doctor_person(context: ApiContext, who: str) -> doctor_cases.DoctorView:
    """Look for the reason why somebody is not met."""
    person = await context.run(doctor_cases.person_named, who)
    return await context.run(
        doctor_cases.look_at_person, person, context.network.state(), context.network.attempts(person)
    )
