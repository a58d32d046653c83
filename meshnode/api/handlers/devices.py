"""The owner's devices."""

from __future__ import annotations

from meshnode.api.handlers.errors import WRITES
from meshnode.api.routes import Route, Routes
from meshnode.api.site import Site
from meshnode.app import devices as device_cases

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("POST", "/v1/device-codes", status=201, errors=WRITES)
async def make_device_code(site: Site, body: device_cases.DeviceOrder) -> device_cases.DeviceCodeView:
    """Make a code by which another machine becomes a device of yours."""
    made = await site.run(device_cases.add, body, site.network.state().addresses)
    site.network.look_again()
    return made


@_routes.add("GET", "/v1/devices")
async def devices(site: Site) -> device_cases.DevicesView:
    """Your devices."""
    return await site.run(device_cases.devices, connected(site))


def connected(site: Site) -> frozenset[bytes]:
    """With which devices of our own a session stands."""
    me = site.replica.me
    return frozenset(peer.device for peer in site.network.state().peers if peer.person == me)
