"""The event stream delivers events over its socket, resumes, resets readers that lag, and ends with the node."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from meshnode.api import serve
from meshnode.app.events import REMEMBERED
from meshnode.local import event_stream, feed, running
from meshnode.replica.changes import Change
from meshnode.store.store_thread import StoreThread
from tests.api.context import StillNetwork
from tests.api.fits import faults
from tests.app.neighbors import Neighbor, story
from tests.support.mesh import Mesh

WITHIN_SECONDS = 20.0


class ServedNode:
    """Alice's node, the network that its API sees, and the mesh that connects it with Bob's."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.streams: list[trio.SocketStream] = []
        self.mesh = Mesh(17)
        self.alice, self.bob, _ = story(self.mesh)
        self.network = StillNetwork()

    async def open(self, *headers: str, method: str = "GET") -> tuple[str, Listener]:
        """Open a stream, and return the head of the answer and a listener for the rest."""
        stream = await trio.open_unix_socket(str(self.path))
        self.streams.append(stream)
        lines = [f"{method} /v1/events HTTP/1.0", "Host: localhost", *headers]
        await stream.send_all("\r\n".join([*lines, "", ""]).encode())
        listener = Listener(stream)
        while b"\r\n\r\n" not in listener.received:
            listener.received += await stream.receive_some()
        head, _, listener.received = listener.received.partition(b"\r\n\r\n")
        return head.decode(), listener

    async def listen(self, last_event_id: str | None = None) -> Listener:
        """Open a stream, which resumes after the event `last_event_id` if it is given."""
        headers = [] if last_event_id is None else [f"Last-Event-ID: {last_event_id}"]
        return (await self.open(*headers))[1]

    def post(self, neighbor: Neighbor, title: str) -> None:
        neighbor.post(title, audience="network_wide")
        self.mesh.settle()


class Listener:
    """Reads a stream block by block."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.received = b""

    async def block(self) -> dict[str, str]:
        """Return the fields of the next block by name; a comment has the empty name. Raises EOFError at the end."""
        while b"\n\n" not in self.received:
            more = await self.stream.receive_some()
            if not more:
                raise EOFError
            self.received += more
        block, _, self.received = self.received.partition(b"\n\n")
        return dict(line.partition(": ")[::2] for line in block.decode().split("\n"))

    async def event(self) -> dict[str, Any]:
        """Return the next event, without comments and blocks that have only an id."""
        while "data" not in (block := await self.block()):
            pass
        event: dict[str, Any] = json.loads(block["data"])
        assert (block["id"], block["event"]) == (event["id"], event["kind"])
        return event


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[ServedNode]:
    """Yield Alice's node before its API is served."""
    node = ServedNode(tmp_path / "api.sock")
    yield node
    for stream in node.streams:
        await trio.aclose_forcefully(stream)


@asynccontextmanager
async def served(node: ServedNode) -> AsyncIterator[None]:
    with trio.fail_after(WITHIN_SECONDS):
        async with trio.open_nursery() as nursery:
            context = await nursery.start(running.run, StoreThread(), node.alice.replica, node.network)
            await nursery.start(serve, context, node.path)
            yield
            nursery.cancel_scope.cancel()


async def read_to_the_end(listener: Listener) -> None:
    while True:
        await listener.block()


async def test_a_listing_that_a_neighbor_posts_makes_an_event(node: ServedNode) -> None:
    async with served(node):
        head, alice = await node.open()
        assert "content-type: text/event-stream" in head
        assert "cache-control: no-store" in head
        await alice.block()
        node.post(node.bob, "Bread")
        event = await alice.event()
        assert event["kind"] == "listings"
        assert not list(faults(document(), {"$ref": "#/components/schemas/EventView"}, event))


def document() -> dict[str, Any]:
    from meshnode.api.app import openapi_document

    return openapi_document()


async def test_a_stream_resumes_after_the_last_event_of_an_earlier_one(node: ServedNode) -> None:
    async with served(node):
        first = await node.listen()
        cursor = (await first.block())["id"]
        node.post(node.bob, "Bread")
        event = await first.event()
        await first.stream.aclose()
        again = await node.listen(cursor)
        assert await again.event() == event
        node.post(node.bob, "Jam")
        assert (await again.event())["id"] != event["id"]


async def test_an_unknown_event_id_is_answered_with_a_reset(node: ServedNode) -> None:
    async with served(node):
        lost = await node.listen("elsewhere.7")
        assert (await lost.event())["kind"] == "reset"


async def test_a_reader_who_was_away_for_too_long_gets_a_reset(
    node: ServedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "GATHER_SECONDS", 0.0)
    async with served(node):
        first = await node.listen()
        cursor = (await first.block())["id"]
        for _ in range(REMEMBERED + 1):
            node.alice.replica.changes.publish(Change(trust=True))
            await first.event()
        assert (await (await node.listen(cursor)).event())["kind"] == "reset"


async def test_a_new_connection_makes_an_event(node: ServedNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "POLL_SECONDS", 0.01)
    async with served(node):
        alice = await node.listen()
        await alice.block()
        await trio.testing.wait_all_tasks_blocked()
        node.network.connect(node.bob.person)
        assert (await alice.event())["kind"] == "peers"


async def test_a_match_of_a_watch_makes_an_event(node: ServedNode) -> None:
    node.alice.watch("bread")
    async with served(node):
        alice = await node.listen()
        await alice.block()
        node.post(node.bob, "Bread")
        kinds = {(await alice.event())["kind"], (await alice.event())["kind"]}
        assert kinds == {"listings", "alerts"}


async def test_a_silent_stream_sends_heartbeats(node: ServedNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.01)
    async with served(node):
        alice = await node.listen()
        await alice.block()
        assert await alice.block() == {":": ""}


async def test_the_number_of_streams_is_limited_and_a_closed_one_makes_room(
    node: ServedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "READERS_MAX", 2)
    async with served(node):
        listeners = [await node.listen() for _ in range(2)]
        refused, _ = await node.open()
        assert " 409 " in refused.splitlines()[0]
        await listeners[0].stream.aclose()
        while " 200 " not in (await node.open())[0].splitlines()[0]:
            await trio.lowlevel.checkpoint()


async def test_a_web_page_gets_no_events(node: ServedNode) -> None:
    async with served(node):
        head, _ = await node.open("Origin: https://evil.example")
        assert " 403 " in head.splitlines()[0]


async def test_a_head_request_opens_no_stream(node: ServedNode) -> None:
    async with served(node):
        head, rest = await node.open("Connection: close", method="HEAD")
        assert " 200 " in head.splitlines()[0]
        with pytest.raises(EOFError):
            await rest.block()


async def test_a_reader_that_reads_nothing_delays_neither_others_nor_the_end(
    node: ServedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "GATHER_SECONDS", 0.0)
    async with served(node):
        stalled, awake = await node.listen(), await node.listen()
        for _ in range(1000):
            node.alice.replica.changes.publish(Change(trust=True))
            await awake.event()
        await stalled.event()
        kinds = set()
        while "reset" not in kinds:
            kinds.add((await stalled.event())["kind"])
        await node.listen()  # one more that reads nothing, when the node stops


async def test_the_streams_end_with_the_node(node: ServedNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "GATHER_SECONDS", 0.0)
    async with served(node):
        stalled, awake = await node.listen(), await node.listen()
        for _ in range(1000):
            node.alice.replica.changes.publish(Change(trust=True))
            await awake.event()
    with pytest.raises(EOFError):
        await read_to_the_end(awake)
    assert stalled.received.count(b"id: ") <= 1
