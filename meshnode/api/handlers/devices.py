"""Answers requests about the owner's devices."""

from __future__ import annotations

import trio

from meshnode.api.handlers.errors import NAMED, WRITES
from meshnode.api.routes import Route, Routes
from meshnode.app.devices import confirmation
from meshnode.app.devices import device_list as device_cases
from meshnode.app.devices import revocation as revoke_cases
from meshnode.errors import NotFound
from meshnode.local import meetings
from meshnode.local.context import LocalContext

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("POST", "/v1/device-codes", status=201, errors=WRITES)
async def make_device_code(context: LocalContext, body: device_cases.DeviceOrder) -> device_cases.DeviceCodeView:
    """Make a code with which another computer becomes one of your devices, and words that stand for it on this network."""
    return await meetings.add_device(context, body)


@_routes.add("GET", "/v1/confirmation")
async def waiting_device(
    context: LocalContext, query: confirmation.ConfirmationQuery
) -> confirmation.WaitingDeviceView:
    """Show the computer that has used a device code and waits for your word, with the words that it shows itself.

    With `wait`, the answer comes as soon as one waits, or after so many seconds.
    """
    found = await context.run(confirmation.waiting)
    with trio.move_on_after(query.seconds):
        while found.words is None:
            await context.feed.wait_for_event()
            found = await context.run(confirmation.waiting)
    return found


@_routes.add("POST", "/v1/confirmation", errors=(NotFound, *WRITES))
async def confirm_device(context: LocalContext, body: confirmation.ConfirmOrder) -> confirmation.WaitingDeviceView:
    """Confirm the computer that waits as a device of yours, by the words that it shows, or refuse it."""
    return await context.run(confirmation.answer, body)


@_routes.add("GET", "/v1/devices")
async def devices(context: LocalContext) -> device_cases.DevicesView:
    """List your devices."""
    await context.network.check_peers()
    return await context.run(device_cases.devices, connected(context))


@_routes.add("GET", "/v1/decisions/{who:path}", errors=NAMED)
async def decisions(context: LocalContext, who: str) -> revoke_cases.DecisionsView:
    """Show what one of your devices has decided about people, and no other: a thief may have decided it in your name."""
    return await context.run(revoke_cases.decided_on, who)


@_routes.add("POST", "/v1/revocations/{who:path}", errors=(*NAMED, *WRITES))
async def revoke_device(context: LocalContext, who: str, body: revoke_cases.RevokeOrder) -> revoke_cases.RevokedView:
    """Remove one of your devices for good, for example a lost one: it can no longer act for you.

    This device signs again, as its own, what the other one wrote and is still valid, or less, as the order says.
    """
    revoked = await context.run(revoke_cases.revoke, who, body)
    context.network.look_again()
    return revoked


def connected(context: LocalContext) -> frozenset[bytes]:
    """Return the owner's devices that this node has a session with."""
    me = context.replica.me
    return frozenset(peer.device for peer in context.network.state().peers if peer.person == me)
