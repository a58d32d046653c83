"""Answers requests about cells and communities."""

from __future__ import annotations

from meshnode.api.handlers.errors import NAMED, WRITES
from meshnode.api.routes import Route, Routes
from meshnode.app.groups import groups as group_cases
from meshnode.local.context import LocalContext

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("POST", "/v1/groups", status=201, errors=WRITES)
async def found_group(context: LocalContext, body: group_cases.GroupOrder) -> group_cases.GroupView:
    """Found a cell or a community."""
    founded = await context.run(group_cases.new, body)
    context.network.look_again()
    return founded


@_routes.add("GET", "/v1/groups", errors=NAMED)
async def groups(context: LocalContext, query: group_cases.GroupsQuery) -> group_cases.GroupsView:
    """List the groups you are in, their members, and the invitations that wait for you."""
    return await context.run(group_cases.show, query)


@_routes.add("POST", "/v1/invitations/{who:path}", status=201, errors=(*NAMED, *WRITES))
async def invite(
    context: LocalContext, who: str, query: group_cases.KindQuery, body: group_cases.InvitationOrder
) -> group_cases.InvitedView:
    """Invite somebody to a group that you are in.

    The invitation is part of your own membership record, which travels through your web and the group.
    """
    return await context.run(group_cases.invite, who, query.kind, body.person)


@_routes.add("PUT", "/v1/memberships/{who:path}", errors=(*NAMED, *WRITES))
async def join_group(context: LocalContext, who: str, query: group_cases.KindQuery) -> group_cases.GroupView:
    """Accept an invitation to a group."""
    joined = await context.run(group_cases.join, who, query.kind)
    context.network.look_again()
    return joined


@_routes.add("DELETE", "/v1/memberships/{who:path}", errors=(*NAMED, *WRITES))
async def leave_group(context: LocalContext, who: str, query: group_cases.KindQuery) -> group_cases.GroupView:
    """Leave a group. The other members stay."""
    left = await context.run(group_cases.leave, who, query.kind)
    context.network.look_again()
    return left
