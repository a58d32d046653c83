"""Answers requests about people: cards, vouches, introductions, blocks, and why somebody is visible."""

from __future__ import annotations

from functools import partial

from meshnode.api.handlers.errors import NAMED, WRITES
from meshnode.api.routes import Route, Routes
from meshnode.app.exchanges.blocking import BlockQuery
from meshnode.app.explain import why as why_cases
from meshnode.app.people import blocks as block_cases
from meshnode.app.people import cards as card_cases
from meshnode.app.people import introductions as introduction_cases
from meshnode.app.people import people as people_cases
from meshnode.app.people import yourself as yourself_cases
from meshnode.errors import Unconfirmed
from meshnode.local import people as people_with_network
from meshnode.local.context import LocalContext
from meshnode.local.people import connected

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("POST", "/v1/cards", status=201, errors=WRITES)
async def make_card(context: LocalContext, body: card_cases.CardOrder) -> card_cases.CardView:
    """Make a card to give to somebody."""
    made = await context.run(card_cases.make, body, context.network.state().addresses)
    context.network.look_again()
    return made


@_routes.add("POST", "/v1/contacts", status=201, errors=WRITES)
async def add_card(context: LocalContext, body: card_cases.CardToAdd) -> card_cases.AddedView:
    """Add somebody's card: you vouch for them now, and they vouch for you when the two nodes meet.

    Instead of a card you can give the name or id of somebody to whom you were introduced. With `wait` the answer comes
    as soon as the two are connected, or after so many seconds.
    """
    return await people_with_network.add(context, body)


@_routes.add("POST", "/v1/introductions", status=201, errors=(*NAMED, *WRITES))
async def introduce(
    context: LocalContext, body: introduction_cases.IntroductionOrder
) -> introduction_cases.IntroductionView:
    """Introduce two people whom you vouch for to each other. Each gets a letter that says who the other is."""
    return await context.run(introduction_cases.introduce, body)


@_routes.add("GET", "/v1/introductions")
async def introductions(context: LocalContext) -> introduction_cases.IntroductionsView:
    """List the people to whom you were introduced and for whom you do not vouch yet."""
    return await context.run(introduction_cases.introductions)


@_routes.add("GET", "/v1/people")
async def people(context: LocalContext, query: people_cases.PeopleQuery) -> people_cases.PeopleView:
    """List the people you know, a page at a time."""
    await context.network.check_peers()
    return await context.run_steps(people_cases.listing_people, connected(context), query)


@_routes.add("GET", "/v1/completions")
async def completions(context: LocalContext, query: people_cases.NamesQuery) -> people_cases.NamesView:
    """List the people whose name or id begins so, for completion: 50 at most."""
    return await context.run(people_cases.names, query)


@_routes.add("GET", "/v1/people/{who:path}", errors=NAMED)
async def person(context: LocalContext, who: str) -> people_cases.PersonView:
    """Show what your node knows of a person."""
    await context.network.check_peers()
    return await context.run(people_cases.person, who, connected(context))


@_routes.add("GET", "/v1/profile")
async def profile(context: LocalContext) -> people_cases.PersonView:
    """Show what others can read about you."""
    return await context.run(yourself_cases.profile, connected(context))


@_routes.add("PATCH", "/v1/profile", errors=WRITES)
async def change_profile(context: LocalContext, body: yourself_cases.ProfileChange) -> people_cases.PersonView:
    """Change what others can read about you."""
    return await context.run(yourself_cases.change_profile, body, connected(context))


@_routes.add("PUT", "/v1/names/{who:path}", errors=(*NAMED, *WRITES))
async def call_person(context: LocalContext, who: str, body: yourself_cases.OwnName) -> people_cases.PersonView:
    """Call a person by a name of your own. It stays on this node, which shows them by it."""
    return await context.run(yourself_cases.call, who, body, connected(context))


@_routes.add("DELETE", "/v1/names/{who:path}", errors=(*NAMED, *WRITES))
async def stop_calling_person(context: LocalContext, who: str) -> people_cases.PersonView:
    """Show a person by the name that they give themselves again."""
    return await context.run(yourself_cases.stop_calling, who, connected(context))


@_routes.add("PUT", "/v1/vouches/{who:path}", errors=(*NAMED, Unconfirmed, *WRITES))
async def vouch(context: LocalContext, who: str, body: people_cases.VouchOrder) -> people_cases.PersonView:
    """Vouch for a person. This replaces an earlier vouch for them."""
    give = partial(people_cases.vouch, anyway=body.anyway)
    seen = await context.run(give, who, body.trust, connected(context))
    context.network.look_again()
    return seen


@_routes.add("DELETE", "/v1/vouches/{who:path}", errors=(*NAMED, *WRITES))
async def unvouch(context: LocalContext, who: str) -> people_cases.PersonView:
    """Take back your vouch for a person."""
    return await context.run(people_cases.unvouch, who, connected(context))


@_routes.add("GET", "/v1/blocks")
async def blocks(context: LocalContext) -> block_cases.BlocksView:
    """List the people you block."""
    return await context.run(block_cases.blocks)


@_routes.add("PUT", "/v1/blocks/{who:path}", errors=(*NAMED, Unconfirmed, *WRITES))
async def block(context: LocalContext, who: str, query: BlockQuery) -> block_cases.BlockView:
    """Block a person: neither of you sees the other any longer.

    What is agreed with them is called off, and they are told that, and nothing else. To block a person who is not
    visible to you, give the whole id.
    """
    return await people_with_network.block(context, who, query)


@_routes.add("DELETE", "/v1/blocks/{who:path}", errors=(*NAMED, *WRITES))
async def unblock(context: LocalContext, who: str) -> block_cases.BlockView:
    """End a block."""
    ended = await context.run(block_cases.unblock, who)
    context.network.look_again()
    return ended


@_routes.add("GET", "/v1/why/{who:path}", errors=NAMED)
async def why(context: LocalContext, who: str) -> why_cases.WhyView:
    """Explain why a person or a listing is visible to you, and what would end that."""
    return await context.run_steps(why_cases.why, context.catalog, who)
