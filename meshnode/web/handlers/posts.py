"""Shows the form for a new offer or need with "Who can see this?", and the owner's own posts."""

from __future__ import annotations

from typing import Any

from meshnode.app.explain import audience as audience_cases
from meshnode.app.listings import lifecycle as lifecycle_cases
from meshnode.app.listings import listings as listing_cases
from meshnode.app.owner import preference as sharing_cases
from meshnode.app.owner.places import Coordinates
from meshnode.errors import Field, MeshnodeError, NotFound, Usage
from meshnode.text import page as text
from meshnode.web.addresses import UPLOAD_MAX_BYTES, Addresses, Asked, Elsewhere, Reply, TemplateReply
from meshnode.web.fields import amount, day_end, location
from meshnode.web.handlers import photos
from meshnode.web.pages import plain
from meshnode.web.problems import problem

_addresses = Addresses()
ADDRESSES = _addresses.table

VIEWERS_SHOWN = 200
NEARBY = "anyone_local"  # the audience that needs a place
CHECK = "check"  # the button that shows who could see it, and posts nothing


@_addresses.add("GET", "/post")
async def new_post(asked: Asked) -> Reply:
    """Show an empty form."""
    return await _form(asked, {})


@_addresses.add("POST", "/post", most=UPLOAD_MAX_BYTES)
async def post(asked: Asked) -> Reply:
    """Post an offer or a need; with the button `check`, show who could see it."""
    context, form = asked.context, asked.form
    checks = CHECK in form
    try:
        await photos.take(context, form, asked.files)
        draft = _draft(form, checks=checks)
        if checks:
            found = plain(await context.run_steps(audience_cases.preview, draft))
            return await _form(asked, form, audience=found)
        posted = await context.run(listing_cases.post, draft)
    except MeshnodeError as error:
        return await _form(asked, form, error=error)
    return Elsewhere(f"/posts/{posted.id}?done=posted")


async def _form(
    asked: Asked, form: dict[str, str], *, audience: dict[str, Any] | None = None, error: MeshnodeError | None = None
) -> TemplateReply:
    sharing = plain(await asked.context.run(sharing_cases.show))
    form = {"type": "offer", "category": "other", "urgency": "normal", "audience": sharing["audience"], **form}
    values: dict[str, Any] = {
        "form": form,
        "asks_place": form["audience"] == NEARBY and sharing["published"] is None,
        "sharing": sharing,
        "audience": audience,
        "viewers_shown": VIEWERS_SHOWN,
    }
    if error is not None:
        values["problem"] = problem(error)
    return TemplateReply("post.html", values, 200 if error is None else error.http_status)


def _draft(form: dict[str, str], *, checks: bool) -> listing_cases.ListingDraft:
    """Return what the form says. To check who could see it, it needs no title yet."""
    title = form.get("title", "").strip()
    if not title and not checks:
        raise Usage(text.NO_TITLE, field=Field.TITLE)
    kind = form.get("type", "")
    if kind not in text.TYPES:
        raise Usage(text.NO_KIND, field=Field.TYPE)
    return listing_cases.ListingDraft(
        type=kind,
        title=title or text.TYPES[kind],
        text=form.get("text", "").strip(),
        category=form.get("category", "other"),
        urgency=form.get("urgency", "normal"),
        quantity=amount(form.get("quantity", "")),
        unit=form.get("unit", "").strip(),
        available_until=day_end(form.get("until", "")),
        lend="lend" in form,
        notice_board="notice_board" in form,
        audience=form.get("audience") or None,
        place=_place(form),
        photos=photos.chosen(form),
    )


def _place(form: dict[str, str]) -> Coordinates | None:
    """Return the place that was typed, which is asked for where the post needs one and the owner has none."""
    typed = form.get("place", "").strip()
    if not typed or form.get("audience") != NEARBY:
        return None
    return location(typed)


@_addresses.add("GET", "/mine")
async def mine(asked: Asked) -> Reply:
    """List the owner's posts, and those that have ended."""
    found = plain(await asked.context.run(listing_cases.mine, asked.context.catalog))
    return TemplateReply("mine.html", {"mine": found, "done": asked.query.get("done", "")})


@_addresses.add("POST", "/mine/{which:path}")
async def act(asked: Asked) -> Reply:
    """Renew, close or withdraw one of the owner's posts."""
    context, which = asked.context, asked.which
    chosen = asked.form.get("act")
    if chosen == "renew":
        renewed = await context.run(lifecycle_cases.renew, context.catalog, which, lifecycle_cases.Renewal())
        return Elsewhere(f"/posts/{renewed.id}?done=renewed")
    if chosen == "close":
        await context.run(lifecycle_cases.close, context.catalog, which)
        return Elsewhere("/mine?done=closed")
    if chosen == "withdraw":
        await context.run(lifecycle_cases.withdraw, context.catalog, which)
        return Elsewhere("/mine?done=withdrawn")
    raise NotFound(text.NO_PAGE)
