"""Shows how you share by default and what others see of where you are, with a map of the areas; changes both."""

from __future__ import annotations

from typing import Any

from meshnode.app.discover import nearby as nearby_cases
from meshnode.app.explain import what_if as what_if_cases
from meshnode.app.owner import pause as pause_cases
from meshnode.app.owner import preference as sharing_cases
from meshnode.errors import Field, MeshnodeError, NotFound, Unconfirmed, Usage
from meshnode.text import page as page_text
from meshnode.text import page_sharing as text
from meshnode.web.addresses import Addresses, Asked, Elsewhere, Reply, TemplateReply
from meshnode.web.fields import location, whole
from meshnode.web.map_layout import Chart, chart
from meshnode.web.pages import plain
from meshnode.web.problems import problem

_addresses = Addresses()
ADDRESSES = _addresses.table

RECEIPTS, NO_RECEIPTS = "receipts", "no-receipts"  # the button that lets others learn of opened messages, or not
PAUSE, RESUME = "pause", "resume"  # the button that hides all posts, or shows them again
SURE = "sure"  # the button below the list of what would change


@_addresses.add("GET", "/sharing")
async def sharing(asked: Asked) -> Reply:
    """Show the settings, and the map."""
    return await _sharing(asked)


@_addresses.add("POST", "/sharing")
async def change(asked: Asked) -> Reply:
    """Change the settings; first show what that would change for others."""
    context, sure, act = asked.context, SURE in asked.form, asked.form.get("act")
    try:
        if act in (PAUSE, RESUME):
            await context.run(pause_cases.change, pause_cases.PauseChange(act == PAUSE))
            return Elsewhere("/sharing?done=away" if act == PAUSE else "/sharing?done=back")
        wanted = _wanted(asked.form)
        if not sure and wanted.receipts is None:
            changes = plain(await context.run_steps(what_if_cases.share, context.catalog, wanted))
            return _sure(asked, changes)
        await context.run(sharing_cases.change, wanted)
    except Unconfirmed as error:
        return _sure(asked, None, error)
    except MeshnodeError as error:
        return await _sharing(asked, error)
    return Elsewhere("/sharing?done=shared")


def _wanted(form: dict[str, str]) -> sharing_cases.SharingChange:
    act, anyway = form.get("act"), "anyway" in form
    if act == "settings":
        radius = whole(form.get("radius", "").strip().removesuffix("km").strip())
        if radius is None:
            raise Usage(text.NO_RADIUS, field=Field.RADIUS)
        return sharing_cases.SharingChange(form.get("audience"), form.get("precision"), radius, anyway=anyway)
    if act == "place":
        return sharing_cases.SharingChange(place=location(form.get("place", "")), anyway=anyway)
    if act == "no-place":
        return sharing_cases.SharingChange(no_place=True, anyway=anyway)
    if act in (RECEIPTS, NO_RECEIPTS):
        return sharing_cases.SharingChange(receipts=act == RECEIPTS)
    raise NotFound(page_text.NO_PAGE)


def _sure(asked: Asked, changes: Any, error: MeshnodeError | None = None) -> TemplateReply:
    values: dict[str, Any] = {
        "action": "/sharing",
        "back": "/sharing",
        "question": text.SURE[asked.form["act"]],
        "help": (),
        "changes": changes,
        "kept": {name: value for name, value in asked.form.items() if name not in ("anyway", SURE)},
        "asks_again": error is not None,
        "grave": False,
    }
    if error is not None:
        values["problem"] = problem(error)
    return TemplateReply("sure.html", values, 200 if error is None else error.http_status)


async def _sharing(asked: Asked, error: MeshnodeError | None = None) -> TemplateReply:
    context = asked.context
    shown = plain(await context.run(sharing_cases.show))
    near = plain(await context.run_steps(nearby_cases.nearby, context.catalog))
    place = shown["place"]
    form = {
        "audience": shown["audience"],
        "precision": shown["precision"],
        "radius": str(shown["radius_km"]),
        "place": f"{place['lat']}, {place['lon']}" if place else "",
        **asked.form,
    }
    values: dict[str, Any] = {
        "sharing": shown,
        "near": near,
        "chart": drawn(near),
        "form": form,
        "done": asked.query.get("done", ""),
    }
    if error is not None:
        values["problem"] = problem(error)
    return TemplateReply("sharing.html", values, 200 if error is None else error.http_status)


def drawn(near: dict[str, Any]) -> Chart | None:
    """Return the map of areas (NearbyView of the API) around the one that others see of you; None without that."""
    yours = near["yours"]
    if yours is None:
        return None
    areas = [("yours", near["corners"]), *((area["place"]["cell"], area["corners"]) for area in near["areas"])]
    corners = [(id_, [(point["lat"], point["lon"]) for point in each]) for id_, each in areas]
    return chart((yours["lat"], yours["lon"]), corners)
