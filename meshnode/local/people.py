"""Does for the API and for the page what takes the network beside a use case: add a person, and block one."""

from __future__ import annotations

import trio

from meshnode.app.exchanges import blocking
from meshnode.app.exchanges.blocking import BlockQuery
from meshnode.app.people import blocks as block_cases
from meshnode.app.people import cards as card_cases
from meshnode.app.people import introductions as introduction_cases
from meshnode.local.context import LocalContext
from protocol import PersonId

LAST_WORD_PAUSE = 0.1  # seconds between two looks whether the letter that calls an agreement off has arrived
LAST_WORD_LOOKS = 30  # before a block is made all the same; only for somebody who is connected
FOLLOW_SECONDS = 0.1  # between two looks at an added person while the answer waits for them


def connected(context: LocalContext) -> frozenset[PersonId]:
    """Return the people that this node has a session with."""
    return frozenset(peer.person for peer in context.network.state().peers)


async def add(context: LocalContext, given: card_cases.CardToAdd) -> card_cases.AddedView:
    """Add somebody by their card or name, and wait as long as `given` says until the two are connected."""
    added = await context.run(introduction_cases.add, given, connected(context))
    context.network.look_again()
    return await until_decided(context, added, given.wait)


async def until_decided(context: LocalContext, added: card_cases.AddedView, wait: float) -> card_cases.AddedView:
    """Return `added` once nothing more is awaited, or as it is after so many seconds, 10 at most."""
    with trio.move_on_after(min(max(wait, 0.0), card_cases.WAIT_SECONDS_MAX)):
        while added.pending:
            await trio.sleep(FOLLOW_SECONDS)
            added = await _followed(context, added)
        return added
    return await _followed(context, added)


async def _followed(context: LocalContext, added: card_cases.AddedView) -> card_cases.AddedView:
    """Return how far the connection with the added person has come by now."""
    settled = {peer.person for peer in context.network.state().peers if peer.live}
    return await context.run(card_cases.follow, added, connected(context), settled)


async def block(context: LocalContext, who: str, query: BlockQuery) -> block_cases.BlockView:
    """Block a person, after what is agreed with them was called off and they could be told."""
    slots = await context.run(blocking.call_off, who, query)
    if slots and (await context.run(block_cases.to_block, who)) in connected(context):
        for _ in range(LAST_WORD_LOOKS):
            if await context.run(blocking.has_arrived, slots):
                break
            await trio.sleep(LAST_WORD_PAUSE)
    blocked = await context.run(blocking.block, who)
    context.network.look_again()
    return blocked
