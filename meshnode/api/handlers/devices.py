"""The owner's devices."""

from __future__ import annotations

from meshnode.api.context import ApiContext
from meshnode.api.handlers.errors import NAMED, WRITES
from meshnode.api.routes import Route, Routes
from meshnode.app.devices import device_list as device_cases
from meshnode.app.devices import revocation as revoke_cases

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("POST", "/v1/device-codes", status=201, errors=WRITES)
async def make_device_code(context: ApiContext, body: device_cases.DeviceOrder) -> device_cases.DeviceCodeView:
    """Make a code by which another machine becomes a device of yours."""
    made = await context.run(device_cases.add, body, context.network.state().addresses)
    context.network.look_again()
    return made


@_routes.add("GET", "/v1/devices")
async def devices(context: ApiContext) -> device_cases.DevicesView:
    """Your devices."""
    return await context.run(device_cases.devices, connected(context))


@_routes.add("DELETE", "/v1/devices/{who:path}", errors=(*NAMED, *WRITES))
async def revoke_device(context: ApiContext, who: str, query: revoke_cases.RevokeQuery) -> revoke_cases.RevokedView:
    """Strike a device of yours: it speaks for you no more, anywhere.

    What it wrote and is still wanted is written anew by this device; with `discard` nothing but its blocks is.
    """
    revoked = await context.run(revoke_cases.revoke, who, discard=query.discard)
    context.network.look_again()
    return revoked


def connected(context: ApiContext) -> frozenset[bytes]:
    """With which devices of our own a session stands."""
    me = context.replica.me
    return frozenset(peer.device for peer in context.network.state().peers if peer.person == me)
