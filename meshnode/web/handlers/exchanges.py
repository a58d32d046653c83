"""Shows what the owner agrees on with others, with the next step of each as a button."""

from __future__ import annotations

from meshnode.app.exchanges import exchanges as exchange_cases
from meshnode.errors import MeshnodeError, Unconfirmed
from meshnode.web.addresses import Addresses, Asked, Elsewhere, Reply, TemplateReply
from meshnode.web.pages import plain
from meshnode.web.problems import problem

_addresses = Addresses()
ADDRESSES = _addresses.table


@_addresses.add("GET", "/exchanges")
async def exchanges(asked: Asked) -> Reply:
    """List the exchanges, those that changed last first."""
    found = plain(await asked.context.run_steps(exchange_cases.exchanges, exchange_cases.ExchangesQuery()))
    return TemplateReply("exchanges.html", {"found": found})


@_addresses.add("GET", "/exchanges/{which:path}")
async def exchange(asked: Asked) -> Reply:
    """Show one exchange with all its messages."""
    return await _exchange(asked)


@_addresses.add("POST", "/exchanges/{which:path}")
async def move(asked: Asked) -> Reply:
    """Make a move, or say something."""
    form = asked.form
    order = exchange_cases.MoveOrder(form.get("act", ""), form.get("message", ""), anyway="anyway" in form)
    try:
        await asked.context.run(exchange_cases.move, asked.which, order)
    except MeshnodeError as error:
        return await _exchange(asked, error)
    return Elsewhere(f"/exchanges/{asked.which}?done=moved")


async def _exchange(asked: Asked, error: MeshnodeError | None = None) -> TemplateReply:
    shown = plain(await asked.context.run(exchange_cases.one, asked.which))
    values = {"exchange": shown, "form": asked.form, "done": asked.query.get("done", "")}
    values["asks_again"] = isinstance(error, Unconfirmed)
    if error is not None:
        values["problem"] = problem(error)
    return TemplateReply("exchange.html", values, 200 if error is None else error.http_status)
