"""A new machine looks for the one that shows its code, among addresses that lead nowhere or to somebody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from trio.testing import MockClock

from meshnode.app.devices import confirmation
from meshnode.app.devices import device_list as devices
from meshnode.app.peers.conversation import Conversation
from meshnode.net.enrolment_client import EnrolmentClient, EnrolmentOptions, EnrolmentResult
from protocol import Code
from protocol.tokens import DeviceCode
from tests.support.mesh import Mesh, Node
from tests.support.people import Person, grown

PI, PHONE = Person("Alice", "pi").keys, Person("Alice", "phone").keys
NOWHERE = ("127.0.0.1", 1)
LONG = 60.0  # longer than any test needs


@asynccontextmanager
async def listening(mesh: Mesh, node: Node) -> AsyncIterator[tuple[str, int]]:
    """Let the node answer at the address yielded, as its own network side would."""

    async def answer(stream: trio.SocketStream) -> None:
        conversation = Conversation.answering(node.replica, node.seen, mesh.time)
        async for data in stream:
            conversation.receive(bytes(data), mesh.time)
            if conversation.enrolling:
                words = confirmation.waiting(node.replica).words
                assert words is not None
                confirmation.answer(node.replica, confirmation.ConfirmOrder(words))
                conversation.tick(mesh.time)
            await stream.send_all(conversation.data_to_send())
            if conversation.end is not None:
                break

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, answer, [listener])
        yield listener.socket.getsockname()
        nursery.cancel_scope.cancel()


def code_of(node: Node, *addresses: tuple[str, int]) -> DeviceCode:
    return DeviceCode.parse(devices.add(node.replica, devices.DeviceOrder(), addresses).text)


async def search(
    code: DeviceCode, progress: list[str], *, seconds: float = LONG, phone: bool = False
) -> EnrolmentResult:
    keys = PHONE if phone else PI
    return await EnrolmentClient(
        code, keys, EnrolmentOptions(seconds, mdns=False), lambda size: grown(len(progress), size=size), progress.append
    ).run()


async def test_the_machine_is_found_behind_an_address_that_leads_nowhere() -> None:
    mesh = Mesh(1)
    alice, progress = mesh.add("Alice"), list[str]()
    async with listening(mesh, alice) as address:
        found = await search(code_of(alice, NOWHERE, address), progress)
    assert found.grant is not None
    assert found.address == address
    assert progress == ["trying 127.0.0.1:1", f"trying {address[0]}:{address[1]}"]


async def test_a_refusal_ends_the_search_with_its_reason() -> None:
    mesh = Mesh(1)
    alice = mesh.add("Alice")
    async with listening(mesh, alice) as address:
        code = code_of(alice, address)
        assert (await search(code, [])).grant is not None
        assert (await search(code, [""], phone=True)).refused is Code.CARD_USED


async def test_where_nobody_knows_the_code_the_search_goes_on_and_says_so_once(autojump_clock: MockClock) -> None:
    autojump_clock.autojump_threshold = 0.05  # because the sockets are real
    mesh = Mesh(1)
    mallory, alice, progress = mesh.add("Mallory"), mesh.add("Alice"), list[str]()
    async with listening(mesh, mallory) as address:
        found = await search(code_of(alice, address), progress, seconds=5.0)
    assert found.grant is None
    assert found.silent == {address}
    assert [line for line in progress if "does not know this code" in line] == progress[1:]


async def test_a_search_that_finds_nobody_ends_in_time(autojump_clock: MockClock) -> None:
    mesh = Mesh(1)
    found = await search(code_of(mesh.add("Alice"), NOWHERE), [], seconds=30.0)
    assert (found.grant, found.refused, found.silent) == (None, None, set())
