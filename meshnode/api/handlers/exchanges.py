"""Answers requests about exchanges: asking for what others share, answering, confirming, and counting."""

from __future__ import annotations

from meshnode.api.handlers.errors import NAMED, WRITES
from meshnode.api.routes import Route, Routes
from meshnode.app import waiting as waiting_cases
from meshnode.app.exchanges import exchanges as exchange_cases
from meshnode.app.exchanges import stats as stats_cases
from meshnode.app.exchanges.view import ExchangeView
from meshnode.errors import Unconfirmed
from meshnode.local.context import LocalContext

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("POST", "/v1/requests/{who:path}", status=201, errors=(*NAMED, *WRITES))
async def respond(context: LocalContext, who: str, body: exchange_cases.Request) -> exchange_cases.Requested:
    """Ask for what somebody offers, or offer what somebody needs.

    Only the other person can read the message. The answer appears in the exchange.
    """
    return await context.run(exchange_cases.respond, context.catalog, who, body)


@_routes.add("GET", "/v1/inbox", errors=NAMED)
async def inbox(context: LocalContext, query: waiting_cases.InboxQuery) -> waiting_cases.InboxView:
    """List everything that waits for you: requests, invitations, introductions, what is overdue or ends, and answers.

    People for whom you do not vouch are folded into one line for each person through whom they are connected to you,
    beyond the first three.
    """
    return await context.run(waiting_cases.inbox, query)


@_routes.add("GET", "/v1/exchanges")
async def exchanges(context: LocalContext, query: exchange_cases.ExchangesQuery) -> exchange_cases.ExchangesView:
    """List your exchanges, finished ones too; the one that changed last comes first."""
    return await context.run_steps(exchange_cases.exchanges, query)


@_routes.add("GET", "/v1/exchanges/{who:path}", errors=NAMED)
async def exchange(context: LocalContext, who: str) -> ExchangeView:
    """Show one exchange with all its messages."""
    return await context.run(exchange_cases.one, who)


@_routes.add("POST", "/v1/moves/{who:path}", status=201, errors=(*NAMED, Unconfirmed, *WRITES))
async def make_move(context: LocalContext, who: str, body: exchange_cases.MoveOrder) -> ExchangeView:
    """Accept, decline, confirm, cancel or say something in an exchange.

    If a move was not delivered, make it again: it is then sent again.
    """
    return await context.run(exchange_cases.move, who, body)


@_routes.add("GET", "/v1/stats")
async def stats(context: LocalContext) -> stats_cases.StatsView:
    """Count the completed exchanges, and those of them between communities."""
    return await context.run(stats_cases.stats)
