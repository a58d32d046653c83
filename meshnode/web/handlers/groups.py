"""Shows your cells and communities: who is in them, and how one founds, joins and leaves them."""

from __future__ import annotations

from typing import Any

from meshnode.app.groups import groups as group_cases
from meshnode.app.people import people as people_cases
from meshnode.errors import Field, MeshnodeError, NotFound, Usage
from meshnode.text import page as page_text
from meshnode.text import page_groups as text
from meshnode.web.addresses import Addresses, Asked, Elsewhere, Reply, TemplateReply
from meshnode.web.pages import plain
from meshnode.web.problems import problem

_addresses = Addresses()
ADDRESSES = _addresses.table

SURE = "sure"  # the button below the question


@_addresses.add("GET", "/groups")
async def groups(asked: Asked) -> Reply:
    """List your groups, their members, and the invitations that wait."""
    return await _groups(asked)


@_addresses.add("POST", "/groups")
async def found(asked: Asked) -> Reply:
    """Found a group."""
    order = group_cases.GroupOrder(asked.form.get("kind", ""), asked.form.get("name", ""))
    try:
        await asked.context.run(group_cases.new, order)
    except MeshnodeError as error:
        return await _groups(asked, error)
    asked.context.network.look_again()
    return Elsewhere("/groups?done=founded")


@_addresses.add("POST", "/groups/{which:path}")
async def act(asked: Asked) -> Reply:
    """Invite to a group, join it, or leave it."""
    context, which, wanted = asked.context, asked.which, asked.form.get("act", "")
    try:
        if wanted == "invite":
            if not asked.form.get("person", "").strip():
                raise Usage(text.NOBODY_CHOSEN, field=Field.PERSON)
            await context.run(group_cases.invite, which, None, asked.form["person"])
            return Elsewhere("/groups?done=invited")
        if wanted == "join":
            await context.run(group_cases.join, which, None)
            context.network.look_again()
            return Elsewhere("/groups?done=joined")
        if wanted == "leave" and SURE not in asked.form:
            shown = await context.run(group_cases.show, group_cases.GroupsQuery(name=which))
            return _sure(asked, shown.groups[0].name if shown.groups else which)
        if wanted == "leave":
            await context.run(group_cases.leave, which, None)
            context.network.look_again()
            return Elsewhere("/groups?done=left")
    except MeshnodeError as error:
        return await _groups(asked, error)
    raise NotFound(page_text.NO_PAGE)


def _sure(asked: Asked, name: str) -> TemplateReply:
    values: dict[str, Any] = {
        "action": f"/groups/{asked.which}",
        "back": "/groups",
        "question": text.sure_to_leave(name),
        "help": (text.LEAVE_HELP,),
        "changes": None,
        "kept": {"act": "leave"},
        "asks_again": False,
        "grave": True,
    }
    return TemplateReply("sure.html", values)


async def _groups(asked: Asked, error: MeshnodeError | None = None) -> TemplateReply:
    context = asked.context
    found = plain(await context.run(group_cases.show, group_cases.GroupsQuery()))
    values: dict[str, Any] = {
        "found": found,
        "friends": plain(await context.run(people_cases.vouched_for)),
        "form": {"kind": "cell", "name": "", **asked.form},
        "done": asked.query.get("done", ""),
    }
    if error is not None:
        values["problem"] = problem(error)
    return TemplateReply("groups.html", values, 200 if error is None else error.http_status)
