"""Shows the people you know: the web of trust, one person, and what you say of them."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import quote

from meshnode.app.exchanges.blocking import BlockQuery
from meshnode.app.explain import web_of_trust as web_cases
from meshnode.app.explain import what_if as what_if_cases
from meshnode.app.explain import why as why_cases
from meshnode.app.people import blocks as block_cases
from meshnode.app.people import introductions as introduction_cases
from meshnode.app.people import people as people_cases
from meshnode.app.people import yourself as yourself_cases
from meshnode.errors import Field, MeshnodeError, NotFound, Unconfirmed, Usage
from meshnode.local import people as people_with_network
from meshnode.local.people import connected
from meshnode.text import page as page_text
from meshnode.text import page_people as text
from meshnode.web.addresses import Addresses, Asked, Elsewhere, Reply, TemplateReply
from meshnode.web.fields import weight, whole
from meshnode.web.pages import plain
from meshnode.web.problems import problem
from meshnode.web.ring_layout import rings

_addresses = Addresses()
ADDRESSES = _addresses.table

SURE = "sure"  # the button below the list of what would change
ASKED_FIRST = ("vouch", "unvouch", "block", "unblock")  # what is shown before it is done


@_addresses.add("GET", "/people")
async def people(asked: Asked) -> Reply:
    """Draw the web of trust, and list the people."""
    context = asked.context
    await context.network.check_peers()
    everybody = "all" in asked.query
    query = people_cases.PeopleQuery(everybody, max(whole(asked.query.get("page", "")) or 1, 1))
    seen = await context.run_steps(people_cases.listing_people, connected(context), query)
    drawn = plain(await context.run_steps(web_cases.web_of_trust))
    values = {
        "listed": plain(seen),
        "everybody": everybody,
        "web": drawn,
        "layout": layout(drawn),
        "done": asked.query.get("done", ""),
    }
    return TemplateReply("people.html", values)


def layout(drawn: dict[str, Any]) -> Any:
    """Return where everybody is in the drawing of a web (WebView of the API)."""
    return rings((one["person"]["id"], one["steps"], one["before"], one["through"]) for one in drawn["people"])


@_addresses.add("GET", "/people/{which:path}")
async def person(asked: Asked) -> Reply:
    """Show one person: what you say of each other, how you are connected, and what would end that."""
    return await _person(asked)


@_addresses.add("POST", "/people/{which:path}")
async def act(asked: Asked) -> Reply:
    """Do something about a person; first show what it would change, where that reaches others."""
    wanted = asked.form.get("act", "")
    if wanted in ASKED_FIRST and SURE not in asked.form:
        return await _sure(asked, wanted)
    try:
        return await _done(asked, wanted)
    except Unconfirmed as error:
        return await _sure(asked, wanted, error)
    except MeshnodeError as error:
        return await _person(asked, error)


async def _done(asked: Asked, wanted: str) -> Reply:
    context, form, which = asked.context, asked.form, asked.which
    back = f"/people/{quote(which)}"
    if wanted == "vouch":
        give = partial(people_cases.vouch, anyway="anyway" in form)
        await context.run(give, which, weight(form), connected(context))
        context.network.look_again()
        return Elsewhere(f"{back}?done=vouched")
    if wanted == "unvouch":
        await context.run(people_cases.unvouch, which, connected(context))
        return Elsewhere("/people?done=unvouched")
    if wanted == "block":
        await people_with_network.block(context, which, BlockQuery(anyway="anyway" in form))
        return Elsewhere("/blocks?done=blocked")
    if wanted == "unblock":
        await context.run(block_cases.unblock, which)
        context.network.look_again()
        return Elsewhere("/blocks?done=unblocked")
    if wanted == "name":
        name = yourself_cases.OwnName(form.get("name", ""))
        await context.run(yourself_cases.call, which, name, connected(context))
        return Elsewhere(f"{back}?done=named")
    if wanted == "unname":
        await context.run(yourself_cases.stop_calling, which, connected(context))
        return Elsewhere(f"{back}?done=unnamed")
    if wanted == "introduce":
        if not form.get("other"):
            raise Usage(text.NO_OTHER, field=Field.OTHER)
        order = introduction_cases.IntroductionOrder(which, form["other"], form.get("message", ""))
        told = await context.run(introduction_cases.introduce, order)
        return Elsewhere(f"{back}?done={'introduced' if told.told else 'acquainted'}")
    raise NotFound(page_text.NO_PAGE)


async def _sure(asked: Asked, wanted: str, error: MeshnodeError | None = None) -> Reply:
    """Show what it would change, with the button that does it."""
    context, which, form = asked.context, asked.which, asked.form
    name = await _name_of(asked)
    try:
        if wanted == "vouch":
            steps = context.run_steps(what_if_cases.vouch, context.catalog, which, weight(form))
        elif wanted == "unvouch":
            steps = context.run_steps(what_if_cases.unvouch, context.catalog, which)
        elif wanted == "block":
            steps = context.run_steps(what_if_cases.block, context.catalog, which)
        else:
            steps = context.run_steps(what_if_cases.unblock, context.catalog, which)
        changes = plain(await steps)
    except MeshnodeError as fault:
        return await _person(asked, fault)
    values: dict[str, Any] = {
        "action": f"/people/{quote(which)}",
        "back": "/blocks" if wanted == "unblock" else f"/people/{quote(which)}",
        "question": text.sure(wanted, name, weight(form) if wanted == "vouch" else None),
        "help": text.SURE_HELP.get(wanted, ()),
        "changes": changes,
        "kept": {name: value for name, value in form.items() if name not in ("anyway", SURE)},
        "asks_again": error is not None,
        "grave": wanted == "block",
    }
    if error is not None:
        values["problem"] = problem(error)
    return TemplateReply("sure.html", values, 200 if error is None else error.http_status)


async def _name_of(asked: Asked) -> str:
    """Return how the person is called, who may be blocked and no longer be shown."""
    context, which = asked.context, asked.which
    try:
        return (await context.run(people_cases.person, which, ())).name
    except NotFound:
        blocked = await context.run(block_cases.blocks)
        return next((one.person.name for one in blocked.blocks if one.person.id == which), which)


async def _person(asked: Asked, error: MeshnodeError | None = None) -> TemplateReply:
    context = asked.context
    await context.network.check_peers()
    shown = plain(await context.run(people_cases.person, asked.which, connected(context)))
    why = plain(await context.run_steps(why_cases.why, context.catalog, shown["id"]))
    friends = plain(await context.run(people_cases.vouched_for))
    values: dict[str, Any] = {
        "person": shown,
        "why": why,
        "friends": [one for one in friends if one["id"] != shown["id"]],
        "form": asked.form,
        "done": asked.query.get("done", ""),
    }
    if error is not None:
        values["problem"] = problem(error)
    return TemplateReply("person.html", values, 200 if error is None else error.http_status)


@_addresses.add("GET", "/blocks")
async def blocks(asked: Asked) -> Reply:
    """List the people you block."""
    found = plain(await asked.context.run(block_cases.blocks))
    return TemplateReply("blocks.html", {"blocks": found["blocks"], "done": asked.query.get("done", "")})


@_addresses.add("GET", "/me")
async def me(asked: Asked) -> Reply:
    """Show what others can read about you."""
    return await _me(asked)


@_addresses.add("POST", "/me")
async def change_me(asked: Asked) -> Reply:
    """Change what others can read about you."""
    context, form = asked.context, asked.form
    wanted = yourself_cases.ProfileChange(form.get("name", ""), form.get("about", ""))
    try:
        await context.run(yourself_cases.change_profile, wanted, connected(context))
    except MeshnodeError as error:
        return await _me(asked, error)
    return Elsewhere("/me?done=saved")


async def _me(asked: Asked, error: MeshnodeError | None = None) -> TemplateReply:
    context = asked.context
    shown = plain(await context.run(yourself_cases.profile, connected(context)))
    form = {"name": shown["public_name"], "about": shown["about"], **asked.form}
    values: dict[str, Any] = {"me": shown, "form": form, "done": asked.query.get("done", "")}
    if error is not None:
        values["problem"] = problem(error)
    return TemplateReply("me.html", values, 200 if error is None else error.http_status)
