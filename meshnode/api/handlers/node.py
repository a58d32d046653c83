"""The node itself: how it is, whom it is connected to, what is wrong."""

from __future__ import annotations

from meshnode.api.context import Site
from meshnode.api.handlers.errors import NAMED
from meshnode.api.routes import Route, Routes
from meshnode.app import export as export_cases
from meshnode.app.explain import doctor as doctor_cases
from meshnode.app.explain import status as status_cases
from meshnode.app.peers import sync as sync_cases

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("GET", "/v1/status")
async def status(site: Site) -> status_cases.StatusView:
    """How the node is doing, and what is wrong, in words."""
    return await site.run(status_cases.status, site.network.state())


@_routes.add("GET", "/v1/peers")
async def peers(site: Site) -> status_cases.PeersView:
    """The sessions of this moment."""
    return await site.run(status_cases.peers, site.network.state())


@_routes.add("POST", "/v1/sync")
async def synchronise(site: Site) -> sync_cases.SyncView:
    """Look for everybody you know and compare with all who are there, now; takes some seconds."""
    synced, missing = await site.network.sync()
    return await site.run(sync_cases.report, synced, missing)


@_routes.add("GET", "/v1/export")
async def export(site: Site) -> export_cases.ExportView:
    """All that is yours on this node, in one document; for you alone, though there is no key in it."""
    return await site.run(export_cases.export, site.catalogue, site.watcher)


@_routes.add("GET", "/v1/doctor")
async def doctor(site: Site) -> doctor_cases.DoctorView:
    """Look for the usual causes of trouble."""
    return await site.run(doctor_cases.look_at_node, site.network.state())


@_routes.add("GET", "/v1/doctor/{who:path}", errors=NAMED)
async def doctor_person(site: Site, who: str) -> doctor_cases.DoctorView:
    """Look for the reason why somebody is not met."""
    person = await site.run(doctor_cases.whom, who)
    return await site.run(doctor_cases.look_at_person, person, site.network.state(), site.network.attempts(person))
