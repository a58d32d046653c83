"""Does for the API and for the page what meeting by a word code takes: show one, follow what comes of it, type one."""

from __future__ import annotations

from functools import partial

import trio
from msgspec.structs import replace

from meshnode.app.devices import device_list
from meshnode.app.devices.device_list import DeviceCodeView, DeviceOrder
from meshnode.app.meetings import shown, typed
from meshnode.app.people.cards import AddedView
from meshnode.local.context import LocalContext
from meshnode.local.people import connected, until_decided

LOOK_SECONDS = 5.0  # a code that ends in time reports nothing


async def show(context: LocalContext, order: shown.MeetingOrder) -> shown.WordCodeView:
    """Show a word code, and announce its number."""
    made = await context.run(shown.show, order, context.network.numbers_heard())
    context.network.look_again()
    return made


async def follow(context: LocalContext, query: shown.MeetingQuery) -> shown.MeetingView:
    """Return what has come of the code, once something has or the time of the query is over."""
    found = await context.run(shown.shown)
    with trio.move_on_after(query.seconds):
        while found.state == shown.MeetingState.WAITING.value:
            with trio.move_on_after(LOOK_SECONDS):
                await context.feed.wait_for_event()
            found = await context.run(shown.shown)
    return found


async def type_code(context: LocalContext, order: typed.TypedOrder, peer: tuple[str, int] | None) -> AddedView:
    """Look for the computer that shows this code, prove the words, and wait until the two are connected."""
    code = typed.word_code(order.words)
    introduce = await context.run(typed.prepare, code, order.trust)
    make = partial(typed.TypedMeeting, code, context.replica.entropy, introduce)
    result = await context.network.meet(code.number, make, peer)
    added = await context.run(typed.connect, result, order.trust, connected(context))
    context.network.look_again()
    return await until_decided(context, added, order.wait)


async def add_device(context: LocalContext, order: DeviceOrder) -> DeviceCodeView:
    """Make a code with which another computer becomes a device, and show words that stand for it on this network."""
    network = context.network
    made = await context.run(device_list.add, order, network.state().addresses)
    words = await context.run(shown.show_device_code, made.text, made.expires, network.numbers_heard())
    network.look_again()
    return replace(made, words=words.words)
