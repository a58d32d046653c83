"""A computer where a word code was typed looks for the one that shows it, and tries the words once, whatever answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio
from trio.testing import MockClock

from meshnode.app.meetings import typed
from meshnode.app.meetings.typed import MeetingEnd, MeetingResult, TypedMeeting
from meshnode.app.peers.conversation import Conversation
from meshnode.net import meeting_client
from meshnode.net.address import Address
from meshnode.net.meeting_client import ADDRESSES_MAX, MeetingClient
from meshnode.net.rendezvous import ANNOUNCEMENTS_KEPT, Rendezvous
from meshnode.net.services import ReceivedService
from protocol.tokens import WordCode
from protocol.wire import announce, meeting_secret
from tests.support.meetings import other_words, replica_of, show, state
from tests.support.mesh import Mesh
from tests.support.people import grown

NOWHERE = Address("127.0.0.1", 1)
NO_NAME = Address("a" * 64, 4747)  # a label of DNS has at most 63 bytes


@pytest.fixture
def mesh() -> Mesh:
    made = Mesh(91)
    for name in ("Ann", "Bob", "Mallory"):
        made.add(name)
    return made


@asynccontextmanager
async def listening(mesh: Mesh, name: str, calls: list[str]) -> AsyncIterator[Address]:
    """Let the node answer at the address yielded, as its own network side would."""
    node = mesh.nodes[name]

    async def answer(stream: trio.SocketStream) -> None:
        calls.append(name)
        conversation = Conversation.answering(node.replica, node.seen, mesh.time)
        async for data in stream:
            conversation.receive(bytes(data), mesh.time)
            await stream.send_all(conversation.data_to_send())
            if conversation.end is not None:
                break

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, answer, [listener])
        yield Address(*listener.socket.getsockname())
        nursery.cancel_scope.cancel()


async def search(mesh: Mesh, code: WordCode, *addresses: Address) -> MeetingResult:
    """Look for the code on Bob's node, which hears these addresses."""
    bob = replica_of(mesh, "Bob")
    make = partial(TypedMeeting, code, bob.entropy, typed.prepare(bob, code, None))
    client = MeetingClient(make, lambda host: [host])
    client.found(addresses)
    return await client.run()


async def test_it_is_found_behind_an_address_that_leads_nowhere_and_one_that_says_nothing(
    mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meeting_client, "MEETING_SECONDS", 0.5)
    code, calls = show(mesh, "Ann"), list[str]()
    async with listening(mesh, "Mallory", calls) as silent, listening(mesh, "Ann", calls) as ann:
        found = await search(mesh, code, NOWHERE, NO_NAME, silent, ann)
    assert (found.end, found.at) == (MeetingEnd.MET, ann)
    assert found.reached == (silent, ann)
    assert typed.connect(replica_of(mesh, "Bob"), found, None, ()).person.name == "Ann"


async def test_the_words_are_tried_once_whatever_answers(mesh: Mesh) -> None:
    """Mallory shows a code of the same number: Bob's words are wrong there, and are not tried at Ann's any longer."""
    ann, calls = show(mesh, "Ann"), list[str]()
    mallory = show(mesh, "Mallory")
    while mallory.number != ann.number:
        mallory = show(mesh, "Mallory")
    typed_words = ann if ann != mallory else other_words(ann)
    async with listening(mesh, "Mallory", calls) as first, listening(mesh, "Ann", calls) as second:
        found = await search(mesh, typed_words, first, second)
    assert found.end is MeetingEnd.WRONG
    assert calls == ["Mallory"]
    assert (state(mesh, "Mallory"), state(mesh, "Ann")) == ("wrong", "waiting")


async def test_where_nobody_shows_the_code_the_search_ends_in_time(mesh: Mesh, autojump_clock: MockClock) -> None:
    found = await search(mesh, WordCode(7, ("acorn", "album")), NOWHERE)
    assert (found.end, found.heard, found.reached) == (None, (NOWHERE,), ())
    assert trio.current_time() <= meeting_client.SEARCH_SECONDS + meeting_client.CONNECT_SECONDS


def test_a_flood_of_addresses_is_bounded(mesh: Mesh) -> None:
    client = MeetingClient(lambda: pytest.fail("nobody is called"), lambda host: [host], lambda one: one.port == 99)
    client.found(Address(f"192.0.2.{number}", 1) for number in range(100))
    client.found([Address("198.51.100.1", 1)])
    assert len(client._addresses) == ADDRESSES_MAX
    other = MeetingClient(lambda: pytest.fail("nobody is called"), lambda host: [host], lambda one: one.port == 99)
    other.found([Address("192.0.2.1", 99)])
    assert not other._addresses, "this node itself"


# --- what is heard ----------------------------------------------------------------------------------------------------


def announced(number: int | None, host: int = 1) -> ReceivedService:
    """Return an announcement by somebody who shows a code of this number (None: no code)."""
    packed = bytes([192, 0, 2, host])
    made = announce(
        presence_key=grown("presence", host),
        card_secrets=[] if number is None else [meeting_secret(number)],
        addresses=[packed],
        port=4747,
        nonce=grown("nonce", host, size=16),
        padding_seed=grown("padding", host),
    )
    txt: dict[bytes, bytes | None] = dict(made.txt())
    return ReceivedService(f"{host}-{number}", ((packed, 0),), 4747, txt)


def test_a_code_is_found_that_was_announced_before_or_after_it_was_typed() -> None:
    rendezvous, found = Rendezvous(), list[list[Address]]()
    rendezvous.note(announced(7, 1), 0.0)
    rendezvous.note(announced(8, 2), 0.0)
    rendezvous.note(announced(None, 3), 0.0)
    rendezvous.look_for(7, found.append, 1.0)
    assert found == [[Address("192.0.2.1", 4747)]]
    rendezvous.note(announced(7, 4), 2.0)
    assert found[1:] == [[Address("192.0.2.4", 4747)]]
    rendezvous.stop(found.append)
    rendezvous.note(announced(7, 5), 3.0)
    assert len(found) == 2


def test_the_numbers_that_others_use_are_known_for_as_long_as_an_announcement_lives() -> None:
    rendezvous = Rendezvous()
    rendezvous.note(announced(7, 1), 0.0)
    rendezvous.note(announced(99, 2), 100.0)
    rendezvous.note(announced(None, 3), 100.0)
    assert rendezvous.numbers(200.0) == {7, 99}
    assert rendezvous.numbers(950.0) == {99}


def test_a_flood_of_announcements_is_bounded() -> None:
    rendezvous = Rendezvous()
    for host in range(ANNOUNCEMENTS_KEPT + 100):
        rendezvous.note(ReceivedService(str(host), (), 1, {}), float(host))
    rendezvous.note(announced(7), 200.0)
    assert rendezvous.numbers(201.0) == {7}
    assert len(rendezvous._heard) == ANNOUNCEMENTS_KEPT
