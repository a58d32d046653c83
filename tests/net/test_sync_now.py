"""`sync_now` over real sockets: connected people compare again, and missing ones are waited for and named."""

from __future__ import annotations

import pytest
import trio

from meshnode.app.listings import listings
from meshnode.net import sync_now
from tests.support.network import Node, connect, start


async def post(node: Node, title: str) -> None:
    await node.store_thread.run(listings.post, node.replica, listings.ListingDraft(type="offer", title=title))


async def test_a_node_without_contacts_is_done_at_once(nursery: trio.Nursery) -> None:
    alice = await start(nursery, "Alice")
    with trio.fail_after(sync_now.LOOK_SECONDS):
        assert await alice.network.sync() == ((), frozenset())


async def test_nodes_that_have_just_compared_do_not_compare_again(nursery: trio.Nursery) -> None:
    alice, bob = await start(nursery, "Alice"), await start(nursery, "Bob")
    await connect(alice, bob)
    (outcome,), missing = await alice.network.sync()
    assert (outcome.person, outcome.new, outcome.compared, outcome.done) == (bob.replica.me, False, False, True)
    assert missing == frozenset()


async def test_the_side_that_dialed_makes_both_compare_again(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("protocol.session.session.LIVE_COMPARE_SECONDS", 0)
    alice, bob = await start(nursery, "Alice"), await start(nursery, "Bob")
    await connect(alice, bob)
    await post(bob, "Bread")
    connector = alice if alice.network.state().peers[0].dialed else bob
    (outcome,), _ = await connector.network.sync()
    assert (outcome.compared, outcome.done) == (True, True)


async def test_a_person_who_has_gone_is_waited_for_and_named(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_now, "LOOK_SECONDS", 0.2)
    alice = await start(nursery, "Alice")
    async with trio.open_nursery() as bobs:
        bob = await start(bobs, "Bob")
        await connect(alice, bob)
        await bob.network.close()
        bobs.cancel_scope.cancel()
    assert await alice.network.sync() == ((), {bob.replica.me})


@pytest.mark.usefixtures("ports_of_its_own")
async def test_a_person_who_comes_back_is_met(nursery: trio.Nursery) -> None:
    alice = await start(nursery, "Alice")
    async with trio.open_nursery() as bobs:
        bob = await start(bobs, "Bob")
        await connect(alice, bob)
        port = bob.network.port
        await bob.network.close()
        bobs.cancel_scope.cancel()
    await post(alice, "Bread")
    back = await start(nursery, "Bob", bob.replica, port=port)
    (outcome,), missing = await alice.network.sync()
    assert (outcome.person, outcome.new, missing) == (back.replica.me, True, frozenset())
