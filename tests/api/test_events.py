"""The event stream over its real socket: what arrives, how it resumes, what a reader who lags is told, and how it ends."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from meshnode.api import event_stream, feed, serve
from meshnode.replica.changes import Change
from meshnode.store.store_thread import StoreThread
from tests.api.context import StillNetwork
from tests.api.fits import faults
from tests.app.neighbors import Neighbor, story
from tests.support.mesh import Mesh

WITHIN_SECONDS = 20.0


class Site:
    """Alice's API, the network as she is told it is, and the mesh with Bob."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.streams: list[trio.SocketStream] = []
        self.mesh = Mesh(17)
        self.alice, self.bob, _ = story(self.mesh)
        self.network = StillNetwork()

    async def open(self, *headers: str, method: str = "GET") -> tuple[str, Listener]:
        """The head of the answer, and what follows it."""
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
        """One who listens, from where he left off."""
        headers = [] if last_event_id is None else [f"Last-Event-ID: {last_event_id}"]
        return (await self.open(*headers))[1]

    def post(self, who: Neighbor, title: str) -> None:
        who.post(title, audience="network_wide")
        self.mesh.settle()


class Listener:
    """One who reads the stream, block by block."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.received = b""

    async def block(self) -> dict[str, str]:
        """The next block, its fields by name; a comment stands under the empty name."""
        while b"\n\n" not in self.received:
            more = await self.stream.receive_some()
            if not more:
                raise EOFError
            self.received += more
        block, _, self.received = self.received.partition(b"\n\n")
        return dict(line.partition(": ")[::2] for line in block.decode().split("\n"))

    async def event(self) -> dict[str, Any]:
        """The next event, comments and places passed over."""
        while "data" not in (block := await self.block()):
            pass
        event: dict[str, Any] = json.loads(block["data"])
        assert (block["id"], block["event"]) == (event["id"], event["kind"])
        return event


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Site]:
    """Alice's, not served yet."""
    context = Site(tmp_path / "api.sock")
    yield context
    for stream in context.streams:
        await trio.aclose_forcefully(stream)


@asynccontextmanager
async def served(context: Site) -> AsyncIterator[None]:
    with trio.fail_after(WITHIN_SECONDS):
        async with trio.open_nursery() as nursery:
            await nursery.start(serve, StoreThread(), context.alice.replica, context.network, context.path)
            yield
            nursery.cancel_scope.cancel()


async def read_on(listener: Listener) -> None:
    while True:
        await listener.block()


async def test_what_a_neighbor_posts_is_told_as_it_comes(context: Site) -> None:
    async with served(context):
        head, alice = await context.open()
        assert "content-type: text/event-stream" in head
        assert "cache-control: no-store" in head
        await alice.block()
        context.post(context.bob, "Bread")
        event = await alice.event()
        assert event["kind"] == "listings"
        assert not list(faults(document(), {"$ref": "#/components/schemas/EventView"}, event))


def document() -> dict[str, Any]:
    from meshnode.api.app import openapi_document

    return openapi_document()


async def test_a_stream_goes_on_where_an_earlier_one_was_left(context: Site) -> None:
    async with served(context):
        first = await context.listen()
        place = (await first.block())["id"]
        context.post(context.bob, "Bread")
        event = await first.event()
        await first.stream.aclose()
        again = await context.listen(place)
        assert await again.event() == event
        context.post(context.bob, "Jam")
        assert (await again.event())["id"] != event["id"]


async def test_an_id_that_is_not_known_is_answered_with_a_reset(context: Site) -> None:
    async with served(context):
        lost = await context.listen("elsewhere.7")
        assert (await lost.event())["kind"] == "reset"


async def test_one_who_was_away_for_too_long_is_told_so(context: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "GATHER_SECONDS", 0.0)
    async with served(context):
        first = await context.listen()
        place = (await first.block())["id"]
        for _ in range(200):
            context.alice.replica.changes.publish(Change(trust=True))
            await first.event()
        assert (await (await context.listen(place)).event())["kind"] == "reset"


async def test_who_comes_and_goes_and_what_the_network_finds_wrong_are_told(
    context: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "LOOK_SECONDS", 0.01)
    async with served(context):
        alice = await context.listen()
        await alice.block()
        await trio.testing.wait_all_tasks_blocked()
        context.network.connect(context.bob.person)
        assert (await alice.event())["kind"] == "peers"


async def test_what_a_watch_has_found_is_told(context: Site) -> None:
    context.alice.watch("bread")
    async with served(context):
        alice = await context.listen()
        await alice.block()
        context.post(context.bob, "Bread")
        kinds = {(await alice.event())["kind"], (await alice.event())["kind"]}
        assert kinds == {"listings", "alerts"}


async def test_a_silent_stream_shows_that_it_lives(context: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.01)
    async with served(context):
        alice = await context.listen()
        await alice.block()
        assert await alice.block() == {":": ""}


async def test_only_so_many_may_listen_and_who_has_gone_makes_room(
    context: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "READERS_MAX", 2)
    async with served(context):
        listeners = [await context.listen() for _ in range(2)]
        refused, _ = await context.open()
        assert " 409 " in refused.splitlines()[0]
        await listeners[0].stream.aclose()
        while " 200 " not in (await context.open())[0].splitlines()[0]:
            await trio.lowlevel.checkpoint()


async def test_a_foreign_page_hears_nothing(context: Site) -> None:
    async with served(context):
        head, _ = await context.open("Origin: https://evil.example")
        assert " 403 " in head.splitlines()[0]


async def test_a_look_at_the_head_opens_no_stream(context: Site) -> None:
    async with served(context):
        head, rest = await context.open("Connection: close", method="HEAD")
        assert " 200 " in head.splitlines()[0]
        with pytest.raises(EOFError):
            await rest.block()


async def test_one_who_takes_nothing_holds_up_neither_the_others_nor_the_end(
    context: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "GATHER_SECONDS", 0.0)
    async with served(context):
        stalled, awake = await context.listen(), await context.listen()
        for _ in range(1000):
            context.alice.replica.changes.publish(Change(trust=True))
            await awake.event()
        await stalled.event()
        kinds = set()
        while "reset" not in kinds:
            kinds.add((await stalled.event())["kind"])
        await context.listen()  # and one more who takes nothing, at the end


async def test_the_end_of_the_node_ends_every_stream(context: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "GATHER_SECONDS", 0.0)
    async with served(context):
        stalled, awake = await context.listen(), await context.listen()
        for _ in range(1000):
            context.alice.replica.changes.publish(Change(trust=True))
            await awake.event()
    with pytest.raises(EOFError):
        await read_on(awake)
    assert stalled.received.count(b"id: ") <= 1
