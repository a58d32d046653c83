"""Shows the node itself: whether it works, your devices, what it holds, and everything of yours as one document."""

from __future__ import annotations

import json
from typing import Any

from meshnode.app import export as export_cases
from meshnode.app import upkeep as upkeep_cases
from meshnode.app.devices import confirmation
from meshnode.app.devices import device_list as device_cases
from meshnode.app.devices import revocation as revoke_cases
from meshnode.app.discover.watches import preparing_watches
from meshnode.app.explain import doctor as doctor_cases
from meshnode.app.explain import status as status_cases
from meshnode.app.explain import storage as storage_cases
from meshnode.app.peers import sync as sync_cases
from meshnode.errors import MeshnodeError, NotFound
from meshnode.local import meetings
from meshnode.qr.codes import picture
from meshnode.text import page as page_text
from meshnode.text import page_node as text
from meshnode.text.page_steps import step
from meshnode.web.addresses import Addresses, Asked, Document, Elsewhere, Reply, TemplateReply
from meshnode.web.pages import plain
from meshnode.web.problems import problem

_addresses = Addresses()
ADDRESSES = _addresses.table

SURE = "sure"  # the button that revokes


# --- status --------------------------------------------------------------------------------------------------------------


@_addresses.add("GET", "/status")
async def status(asked: Asked) -> Reply:
    """Show whether the node works, who is connected, and each problem with what to do next."""
    return await _status(asked)


@_addresses.add("POST", "/status")
async def act(asked: Asked) -> Reply:
    """Synchronize now, or look for problems and try again what failed."""
    context, wanted = asked.context, asked.form.get("act")
    if wanted == "sync":
        synced, missing = await context.network.sync()
        await context.run(sync_cases.report, synced, missing)
        return Elsewhere("/status?done=synced")
    if wanted == "doctor":
        await context.run(upkeep_cases.try_again)
        return await _status(asked, looks=True)
    raise NotFound(page_text.NO_PAGE)


async def _status(asked: Asked, *, looks: bool = False) -> TemplateReply:
    context = asked.context
    await context.network.check_peers()
    state = context.network.state()
    shown = plain(await context.run(status_cases.status, state))
    findings = plain(await context.run(doctor_cases.look_at_node, state))["findings"] if looks else []
    for found in (*shown["problems"], *findings):
        found["next"] = step(found["hint"])
    values: dict[str, Any] = {"status": shown, "findings": findings, "done": asked.query.get("done", "")}
    return TemplateReply("status.html", values)


# --- data ----------------------------------------------------------------------------------------------------------------


@_addresses.add("GET", "/data")
async def data(asked: Asked) -> Reply:
    """Show what the node holds and who fills it, and offer the export."""
    shown = plain(await asked.context.run(storage_cases.storage))
    return TemplateReply("data.html", {"storage": shown})


@_addresses.add("GET", "/data/export")
async def export(asked: Asked) -> Reply:
    """Give everything of yours as one document. It contains no key, but it is private."""
    context = asked.context
    await context.run_steps(preparing_watches, context.catalog, context.watcher)
    whole = plain(await context.run_steps(export_cases.export, context.catalog, context.watcher))
    return Document("meshnode-export.json", "application/json", json.dumps(whole, indent=2).encode())


# --- devices -------------------------------------------------------------------------------------------------------------


@_addresses.add("GET", "/devices")
async def devices(asked: Asked) -> Reply:
    """List your devices, and the computer that waits to become one."""
    return await _devices(asked)


@_addresses.add("POST", "/devices")
async def add_device(asked: Asked) -> Reply:
    """Make a code for another computer, or answer whether the one that waits shows the same words."""
    context, form = asked.context, asked.form
    try:
        if form.get("act") == "add":
            order = device_cases.DeviceOrder(form.get("name", "").strip() or None)
            made = await meetings.add_device(context, order)
            values = {"code": plain(made), "picture": picture(made.text)}
            return TemplateReply("device_code.html", values, acted=True)
        if form.get("act") in ("confirm", "refuse"):
            refuses = form["act"] == "refuse"
            await context.run(confirmation.answer, confirmation.ConfirmOrder(form.get("words", ""), refuses))
            return Elsewhere(f"/devices?done={'device-refused' if refuses else 'device-confirmed'}")
    except MeshnodeError as error:
        return await _devices(asked, error)
    raise NotFound(page_text.NO_PAGE)


async def _devices(asked: Asked, error: MeshnodeError | None = None) -> TemplateReply:
    context = asked.context
    await context.network.check_peers()
    me = context.replica.me
    connected = frozenset(peer.device for peer in context.network.state().peers if peer.person == me)
    values: dict[str, Any] = {
        "found": plain(await context.run(device_cases.devices, connected)),
        "waiting_device": plain(await context.run(confirmation.waiting)),
        "form": asked.form,
        "done": asked.query.get("done", ""),
    }
    if error is not None:
        values["problem"] = problem(error)
    return TemplateReply("devices.html", values, 200 if error is None else error.http_status)


@_addresses.add("GET", "/devices/{which:path}")
async def device(asked: Asked) -> Reply:
    """Ask whether to revoke a device, and what of its decisions to keep."""
    return await _device(asked)


@_addresses.add("POST", "/devices/{which:path}")
async def revoke(asked: Asked) -> Reply:
    """Revoke a device."""
    form = asked.form
    if SURE not in form:
        return await _device(asked)
    decided = await asked.context.run(revoke_cases.decided_on, asked.which)
    keep = tuple(one.id for one in decided.decisions if f"keep-{one.id}" in form)
    order = revoke_cases.RevokeOrder(discard="discard" in form, chosen="discard" not in form, keep=keep)
    try:
        revoked = await asked.context.run(revoke_cases.revoke, asked.which, order)
    except MeshnodeError as error:
        return await _device(asked, error)
    asked.context.network.look_again()
    return TemplateReply("revoked.html", {"lines": text.revoked(plain(revoked))}, acted=True)


async def _device(asked: Asked, error: MeshnodeError | None = None) -> TemplateReply:
    decided = plain(await asked.context.run(revoke_cases.decided_on, asked.which))
    values: dict[str, Any] = {"device": decided}
    if error is not None:
        values["problem"] = problem(error)
    return TemplateReply("device.html", values, 200 if error is None else error.http_status)
