"""Shows the addresses of the calendar and of the feed, and the sheet for a notice board."""

from __future__ import annotations

from meshnode.app import subscriptions as subscription_cases
from meshnode.app.discover import discover as discover_cases
from meshnode.app.listings import listings as listing_cases
from meshnode.web.addresses import Addresses, Asked, Elsewhere, Reply, TemplateReply
from meshnode.web.pages import plain

_addresses = Addresses()
ADDRESSES = _addresses.table

BOARD_MAX = 100  # posts of others on one sheet, the newest


@_addresses.add("GET", "/subscriptions")
async def subscriptions(asked: Asked) -> Reply:
    """Show both addresses."""
    found = plain(
        await asked.context.run(subscription_cases.show, asked.context.page, subscription_cases.AddressOrder())
    )
    return TemplateReply("subscriptions.html", {"found": found, "done": asked.query.get("done", "")})


@_addresses.add("POST", "/subscriptions")
async def change(asked: Asked) -> Reply:
    """Change one of them."""
    order = subscription_cases.AddressOrder(asked.form.get("change", ""))
    await asked.context.run(subscription_cases.show, asked.context.page, order)
    return Elsewhere("/subscriptions?done=address")


@_addresses.add("GET", "/board")
async def board(asked: Asked) -> Reply:
    """Show the owner's posts and those that may be put up in public, to choose from and to print."""
    context = asked.context
    mine = plain(await context.run(listing_cases.mine, context.catalog))
    query = discover_cases.DiscoverQuery(anywhere=True, trust=0.1, notice_board=True, sort="new", limit=BOARD_MAX)
    found = plain(await context.run_steps(discover_cases.discover, context.catalog, query))
    return TemplateReply("board.html", {"mine": mine["listings"], "others": found["results"]})
