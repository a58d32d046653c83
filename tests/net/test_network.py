"""Nodes with real sockets on loopback meet by card, keep one session, ignore strangers, and say goodbye."""

from __future__ import annotations

import pytest
import trio
from msgspec import structs

from meshnode.app.listings import listings
from meshnode.app.peers import contacts
from meshnode.app.peers.contacts import dial_keys
from meshnode.app.peers.conversation import Conversation
from meshnode.app.people import blocks, cards
from meshnode.errors import Failed
from meshnode.net import connections, turns
from meshnode.net.address import Address
from meshnode.net.dial_outcome import DialOutcome
from meshnode.net.dialer import Dialer
from meshnode.net.listener import BACKLOG
from meshnode.replica.replica import Replica
from protocol import Code, DeviceId, Kind, PersonId, limits
from protocol.wire import stratum
from tests.support.network import Node, connect, replica_of, start, until


async def test_two_people_meet_by_a_card(nursery: trio.Nursery) -> None:
    alice, bob = await start(nursery, "Alice"), await start(nursery, "Bob")
    await connect(alice, bob)
    [peer] = alice.network.state().peers
    assert (peer.person, peer.device, peer.dialed) == (bob.replica.me, bob.replica.device, True)
    assert peer.address == str(Address(*bob.address))
    [peer] = bob.network.state().peers
    assert (peer.person, peer.dialed) == (alice.replica.me, False)


async def test_attempts_are_listed_with_their_outcome(nursery: trio.Nursery) -> None:
    alice, bob = await start(nursery, "Alice"), await start(nursery, "Bob")
    await connect(alice, bob)
    assert [attempt.outcome for attempt in alice.network.attempts(bob.replica.me)] == [DialOutcome.MET.value]
    assert not bob.network.attempts(alice.replica.me)


async def test_both_dialing_at_once_end_with_one_session(nursery: trio.Nursery) -> None:
    alice, bob = await start(nursery, "Alice"), await start(nursery, "Bob")
    for one, other in ((alice, bob), (bob, alice)):
        await one.store_thread.run(_remember_card, one, await other.card())
    for one in (alice, bob):
        one.network.look_again()

    def one_is_left() -> bool:
        ends = [[peer.dialed for peer in one.network.state().peers if peer.live] for one in (alice, bob)]
        return len(alice.network.links) == len(bob.network.links) == 1 and sorted(ends) == [[False], [True]]

    await until(one_is_left, "they have one connection, and agree on who dialed it")


def _remember_card(node: Node, card: str) -> None:
    cards.add(node.replica, cards.CardToAdd(card), ())


@pytest.mark.usefixtures("ports_of_its_own")
async def test_a_node_that_stops_says_goodbye_and_is_dialed_again_when_it_is_back(nursery: trio.Nursery) -> None:
    alice = await start(nursery, "Alice")
    async with trio.open_nursery() as bobs:
        bob = await start(bobs, "Bob")
        await connect(alice, bob)
        await bob.network.close()
    await until(lambda: not alice.peers(), "Alice notices")
    again = await start(nursery, "Bob", bob.replica, port=bob.network.port)
    alice.network.look_again()
    await until(lambda: alice.peers() == {again.replica.me}, "they meet again")


@pytest.mark.usefixtures("ports_of_its_own")
async def test_the_port_is_chosen_once_and_kept(nursery: trio.Nursery) -> None:
    async with trio.open_nursery() as first:
        alice = await start(first, "Alice")
        port = alice.network.port
        await alice.network.close()
    assert (await start(nursery, "Alice", alice.replica)).network.port == port


async def test_a_taken_port_is_an_error_of_its_own_and_not_a_group(nursery: trio.Nursery) -> None:
    alice = await start(nursery, "Alice")
    with pytest.raises(Failed, match="in use"):
        await start(nursery, "Bob", port=alice.network.port)


@pytest.mark.parametrize("sent", [b"", bytes(66), b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 70_000])
async def test_a_stranger_gets_not_one_byte(nursery: trio.Nursery, sent: bytes) -> None:
    alice = await start(nursery, "Alice")
    async with await trio.open_tcp_stream(*alice.address) as stream:
        try:
            await stream.send_all(sent)
            await stream.send_eof()
            assert await stream.receive_some() == b""
        except trio.BrokenResourceError:
            pass  # disconnected while it was still sending


async def test_a_replayed_first_message_gets_not_one_byte(nursery: trio.Nursery) -> None:
    alice, bob = await start(nursery, "Alice"), await start(nursery, "Bob")
    await alice.store_thread.run(_remember_card, alice, await bob.card())
    dial = (await alice.store_thread.run(dial_keys, alice.replica, bob.replica.me))[0]
    first = Conversation.dialing(alice.replica, dial, trio.current_time()).data_to_send()
    for expected in (True, False):
        async with await trio.open_tcp_stream(*bob.address) as stream:
            await stream.send_all(first)
            if not expected:
                await stream.send_eof()
            assert bool(await stream.receive_some()) is expected


async def test_among_five_hundred_idle_connections_a_contact_still_gets_in(nursery: trio.Nursery) -> None:
    alice, bob = await start(nursery, "Alice"), await start(nursery, "Bob")
    held: list[trio.SocketStream] = []
    for _ in range(500 // BACKLOG):
        held += [await trio.open_tcp_stream(*bob.address) for _ in range(BACKLOG)]
        await until(lambda: len(bob.network.links) <= limits.PREAUTH_CONNECTIONS_MAX, "the rest is evicted")
    await connect(alice, bob)
    for stream in held:
        await trio.aclose_forcefully(stream)


async def test_a_node_whose_port_is_full_of_idle_connections_connects_with_others_as_ever(
    nursery: trio.Nursery,
) -> None:
    alice, bob = await start(nursery, "Alice"), await start(nursery, "Bob")
    held = [await trio.open_tcp_stream(*bob.address) for _ in range(2 * limits.PREAUTH_CONNECTIONS_MAX)]
    await connect(bob, alice)
    [peer] = bob.network.state().peers
    assert peer.dialed
    for stream in held:
        await trio.aclose_forcefully(stream)


async def test_what_is_written_while_connected_reaches_the_other_at_once(nursery: trio.Nursery) -> None:
    alice, bob = await start(nursery, "Alice"), await start(nursery, "Bob")
    await connect(alice, bob)
    before = len(list(bob.replica.store.records.rows(author=alice.replica.me)))
    draft = listings.ListingDraft(type="offer", title="Apples")
    await alice.store_thread.run(listings.post, alice.replica, draft)

    def arrived() -> bool:
        return len(list(bob.replica.store.records.rows(author=alice.replica.me))) > before

    await until(arrived, "the offer arrives")


async def test_a_peer_is_told_at_once_when_the_owner_confirms_the_date(nursery: trio.Nursery) -> None:
    alice, bob = await start(nursery, "Alice"), await start(nursery, "Bob")
    await connect(alice, bob)
    await until(lambda: all(link.idle for link in bob.network.links), "nothing is on its way")
    (before,) = bob.replica.clock.met()
    await alice.store_thread.run(alice.replica.clock.confirm)
    await until(lambda: bob.replica.clock.met()[0].stratum == stratum.CERTAIN, "Bob has heard that it is her word")
    assert before.stratum != stratum.CERTAIN


async def test_addresses_for_a_card_carry_no_scope_and_the_nodes_port(nursery: trio.Nursery) -> None:
    alice = await start(nursery, "Alice")
    addresses = alice.network.state().addresses
    assert alice.address in addresses
    assert all("%" not in host and port == alice.network.port for host, port in addresses)


async def test_a_chosen_interface_that_is_not_there_is_named_as_a_problem(nursery: trio.Nursery) -> None:
    alice = await start(nursery, "Alice")
    assert [problem.code for problem in alice.network.state().problems] == ["no_interface"]
    assert replica_of("Carol").me != alice.replica.me


async def test_a_conversation_that_fails_at_the_commit_of_another_costs_its_own_link_alone(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = await start(nursery, "Alice"), await start(nursery, "Bob")
    await connect(alice, bob)
    [link] = alice.network.links

    def fail() -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(link.conversation, "follow", fail)
    await alice.store_thread.run(listings.post, alice.replica, listings.ListingDraft(type="offer", title="Apples"))
    assert list(alice.replica.store.records.rows(kinds=(Kind.LISTING,)))
    await until(lambda: link not in alice.network.links, "the link goes")


async def test_a_blocked_person_no_longer_gets_one_byte(nursery: trio.Nursery) -> None:
    alice, bob = await start(nursery, "Alice"), await start(nursery, "Bob")
    await connect(alice, bob)
    dials = await alice.store_thread.run(dial_keys, alice.replica, bob.replica.me)
    assert len(dials) == 2  # as a contact, and by the presence key
    await bob.store_thread.run(blocks.block, bob.replica, alice.name)
    await until(lambda: not bob.network.links, "the session ends")
    for dial in dials:
        first = Conversation.dialing(alice.replica, dial, trio.current_time()).data_to_send()
        async with await trio.open_tcp_stream(*bob.address) as stream:
            await stream.send_all(first)
            assert await stream.receive_some() == b""


async def test_a_key_of_low_order_ends_an_attempt_and_not_the_node(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = await start(nursery, "Alice"), await start(nursery, "Bob")
    await alice.add(await bob.card())

    def of_low_order(replica: Replica, person: PersonId) -> list[contacts.Dial]:
        return [structs.replace(dial, dh_public=bytes(32)) for dial in dial_keys(replica, person)]

    monkeypatch.setattr(contacts, "dial_keys", of_low_order)
    await until(lambda: alice.network.attempts(bob.replica.me), "an attempt is made")
    assert {attempt.outcome for attempt in alice.network.attempts(bob.replica.me)} == {"no key for connecting"}
    monkeypatch.undo()
    await connect(alice, bob)


async def test_a_node_with_fewer_sessions_than_contacts_serves_all_in_turn_and_its_post_reaches_everybody(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in (("TURN_SHORTEST", 0.2), ("RETURN_SECONDS", 2.0), ("SERVED_SECONDS", 2.0)):
        monkeypatch.setattr(turns, name, seconds)
    hub = await start(nursery, "Hub", sessions=2)
    guests = [await start(nursery, name) for name in ("Alice", "Bob", "Carol", "Dave", "Eve")]
    for guest in guests:
        await guest.add(await hub.card())
    met: set[bytes] = set()

    def all_met() -> bool:
        met.update(hub.peers())
        assert len(hub.network.state().peers) <= 2
        return len(met) == len(guests)

    await until(all_met, "everybody has had a turn")
    await hub.store_thread.run(listings.post, hub.replica, listings.ListingDraft(type="offer", title="Apples"))

    def arrived(guest: Node) -> bool:
        return bool(list(guest.replica.store.records.rows(author=hub.replica.me, kinds=(Kind.LISTING,))))

    await until(lambda: all(arrived(guest) for guest in guests), "the offer has reached everybody")
    outcomes = {attempt.outcome for guest in guests for attempt in guest.network.attempts(hub.replica.me)}
    assert DialOutcome.REFUSED.value not in outcomes


@pytest.mark.parametrize(("short", "good"), [(connections.SHORT_SECONDS, False), (0.0, True)])
async def test_a_peer_that_hangs_up_at_once_is_dialed_again_later_than_others(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch, short: float, good: bool
) -> None:
    monkeypatch.setattr(connections, "SHORT_SECONDS", short)
    reported: list[bool] = []
    lost = Dialer.lost

    def noted(dialer: Dialer, person: PersonId, device: DeviceId, now: float, *, good: bool) -> None:
        reported.append(good)
        lost(dialer, person, device, now, good=good)

    monkeypatch.setattr(Dialer, "lost", noted)
    alice, bob = await start(nursery, "Alice"), await start(nursery, "Bob")
    await connect(alice, bob)
    for link in bob.network.links:
        link.close(Code.CLOSING)
    await until(lambda: len(reported) >= 2, "both ends have noticed")
    assert set(reported) == {good}
