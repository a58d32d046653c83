"""Answers requests about the node itself: its state, its connections, and what is wrong."""

from __future__ import annotations

from meshnode.api.handlers.addresses import parsed
from meshnode.api.handlers.errors import NAMED, WRITES
from meshnode.api.routes import Route, Routes
from meshnode.app import date as date_cases
from meshnode.app import export as export_cases
from meshnode.app import upkeep as upkeep_cases
from meshnode.app.discover.watches import preparing_watches
from meshnode.app.explain import doctor as doctor_cases
from meshnode.app.explain import given_addresses as given_views
from meshnode.app.explain import status as status_cases
from meshnode.app.peers import given_addresses as given_cases
from meshnode.app.peers import sync as sync_cases
from meshnode.app.people.cards import written
from meshnode.errors import NotFound, Refused
from meshnode.local.context import LocalContext

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("GET", "/v1/status")
async def status(context: LocalContext) -> status_cases.StatusView:
    """Show the state of the node, and any problems, in words."""
    await context.network.check_peers()
    return await context.run(status_cases.status, context.network.state())


@_routes.add("GET", "/v1/peers")
async def peers(context: LocalContext) -> status_cases.PeersView:
    """List the current connections."""
    await context.network.check_peers()
    return await context.run(status_cases.peers, context.network.state())


@_routes.add("GET", "/v1/clock")
async def clock(context: LocalContext) -> date_cases.ClockView:
    """Show which date the node goes by, and all that speaks for and against it."""
    return await context.run(date_cases.state)


@_routes.add("PUT", "/v1/clock")
async def set_clock(context: LocalContext, body: date_cases.OwnersDate) -> date_cases.ClockView:
    """Say which date it is: the one given, or the one that this computer shows. It holds until the computer starts again."""
    return await context.run(date_cases.set_date, body)


@_routes.add("GET", "/v1/addresses")
async def addresses(context: LocalContext) -> given_views.GivenAddressesView:
    """List the addresses of other nodes that you have given, and who was found there."""
    return await context.run(given_views.addresses, context.network.state().given)


@_routes.add("POST", "/v1/addresses", status=201, errors=WRITES)
async def give_address(context: LocalContext, body: given_cases.AddressToGive) -> given_views.GivenAddressView:
    """Give the address of another node: people who are not connected are dialed there, also after a restart.

    An address is HOST:PORT, where an IPv6 host is in brackets; without a port the default port is meant.
    """
    address = parsed(body.address)
    network = context.network.state()
    if address in network.addresses:
        raise Refused("this is an address of this node itself", "give that of the other computer")
    await context.run(given_cases.give, address)
    context.network.look_again()
    return await context.run(given_views.address, network.given, *address)


@_routes.add("DELETE", "/v1/addresses/{who:path}", errors=(NotFound, *WRITES))
async def remove_address(context: LocalContext, who: str) -> given_views.GivenAddressView:
    """Dial an address no longer that you have given."""
    address = parsed(who)
    before = context.network.state()
    kept = await context.run(given_cases.given)
    if address not in kept and address in {(one.host, one.port) for one in before.given}:
        raise Refused("this address comes from --peer or from config.toml", "remove it there, and start the node again")
    view = given_views.GivenAddressView(written(*address), kept=False, person=None, outcome="")
    await context.run(given_cases.remove, address)
    context.network.look_again()
    return view


@_routes.add("POST", "/v1/sync")
async def synchronize(context: LocalContext) -> sync_cases.SyncView:
    """Synchronize now with everybody you know who is in reach. This takes some seconds."""
    synced, missing = await context.network.sync()
    return await context.run(sync_cases.report, synced, missing)


@_routes.add("GET", "/v1/export")
async def export(context: LocalContext) -> export_cases.ExportView:
    """Export everything of yours on this node in one document. It contains no key, but it is private."""
    await context.run_steps(preparing_watches, context.catalog, context.watcher)
    return await context.run_steps(export_cases.export, context.catalog, context.watcher)


@_routes.add("GET", "/v1/doctor")
async def doctor(context: LocalContext) -> doctor_cases.DoctorView:
    """Check for common problems."""
    await context.network.check_peers()
    return await context.run(doctor_cases.look_at_node, context.network.state())


@_routes.add("POST", "/v1/doctor")
async def doctor_again(context: LocalContext) -> doctor_cases.DoctorView:
    """Try again what the node has failed to do by itself and has set aside, then check for common problems."""
    await context.network.check_peers()
    await context.run(upkeep_cases.try_again)
    return await context.run(doctor_cases.look_at_node, context.network.state())


@_routes.add("GET", "/v1/doctor/{who:path}", errors=NAMED)
async def doctor_person(context: LocalContext, who: str) -> doctor_cases.DoctorView:
    """Check why your node does not connect with a person's."""
    await context.network.check_peers()
    person = await context.run(doctor_cases.person_named, who)
    return await context.run(
        doctor_cases.look_at_person, person, context.network.state(), context.network.attempts(person)
    )
