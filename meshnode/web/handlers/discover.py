"""Shows Discover Resources, one listing, and how to ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from meshnode.app.discover import discover as discover_cases
from meshnode.app.exchanges import exchanges as exchange_cases
from meshnode.app.listings import listings as listing_cases
from meshnode.errors import Field, MeshnodeError, Usage
from meshnode.web.addresses import Addresses, Asked, Elsewhere, Reply, TemplateReply
from meshnode.web.fields import amount, whole
from meshnode.web.pages import plain
from meshnode.web.problems import problem

_addresses = Addresses()
ADDRESSES = _addresses.table

DISTANCE, TRUST = "50", "0.1"  # a search without a distance goes as far, and shows what has no place too
ANY = "any"
PER_PAGE = 50
FILTERS = ("q", "type", "category", "within", "trust", "sort")


@_addresses.add("GET", "/discover")
async def discover(asked: Asked) -> Reply:
    """Search what others share. All filters are in the address."""
    context = asked.context
    filters = _filled(asked.query)
    page = whole(asked.query.get("page", "")) or 1
    found, wrong = None, None
    try:
        query = query_of(filters, page)
        found = plain(await context.run_steps(discover_cases.discover, context.catalog, query))
    except MeshnodeError as error:
        wrong = problem(error)
    narrowed = {name: value for name, value in filters.items() if value}
    values: dict[str, Any] = {"found": found, "filters": filters, "page": page, "problem": wrong}
    values["next"] = found and found["next"] and f"/discover?{urlencode({**narrowed, 'page': found['next']})}"
    return TemplateReply("discover.html", values)


def _filled(asked: Mapping[str, str]) -> dict[str, str]:
    filters = {name: asked.get(name, "") for name in FILTERS}
    return filters | {"within": filters["within"] or DISTANCE, "trust": filters["trust"] or TRUST}


def query_of(asked: Mapping[str, str], page: int = 1) -> discover_cases.DiscoverQuery:
    """Return the search that the filters in an address ask for. Raises Usage if they make no sense."""
    filters = _filled(asked)
    within = None if filters["within"] in (ANY, DISTANCE) else _number(filters["within"], Field.WITHIN)
    return discover_cases.DiscoverQuery(
        words=filters["q"] or None,
        type=filters["type"] or None,
        category=filters["category"] or None,
        within=within,
        anywhere=filters["within"] == ANY,
        trust=_number(filters["trust"], Field.TRUST),
        sort=filters["sort"] or "best",
        limit=PER_PAGE,
        page=page,
    )


def _number(written: str, field: Field) -> float:
    try:
        return float(written)
    except ValueError:
        raise Usage("the distance or the trust is not a number", field=field) from None


@_addresses.add("GET", "/posts/{which:path}")
async def listing(asked: Asked) -> Reply:
    """Show one offer or need."""
    return await _listing(asked)


@_addresses.add("POST", "/ask/{which:path}")
async def ask(asked: Asked) -> Reply:
    """Ask for what somebody offers, or offer what somebody needs."""
    context = asked.context
    try:
        request = exchange_cases.Request(asked.form.get("message", ""), amount(asked.form.get("quantity", "")))
        begun = await context.run(exchange_cases.respond, context.catalog, asked.which, request)
    except MeshnodeError as error:
        return await _listing(asked, error)
    return Elsewhere(f"/exchanges/{begun.exchange}?done=asked")


async def _listing(asked: Asked, error: MeshnodeError | None = None) -> TemplateReply:
    context = asked.context
    shown = plain(await context.run(listing_cases.show, context.catalog, asked.which))
    values = {"listing": shown, "form": asked.form, "done": asked.query.get("done", "")}
    if error is not None:
        values["problem"] = problem(error)
    return TemplateReply("listing.html", values, 200 if error is None else error.http_status)
