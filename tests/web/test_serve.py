"""The page listens on this computer alone, keeps its port, and is loaded when somebody first asks for it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from meshnode import web
from meshnode.local import running
from meshnode.local.context import LocalContext
from meshnode.replica.replica import Replica
from meshnode.store.store_thread import StoreThread
from tests.api.context import StillNetwork
from tests.app.neighbors import settle_in
from tests.support.mesh import Mesh

LISTENS = "0A"  # the state of a socket in /proc/net/tcp


@pytest.fixture
def replica() -> Replica:
    """Return Alice's replica."""
    return settle_in(Mesh(3), "Alice").replica


@asynccontextmanager
async def served(replica: Replica) -> AsyncIterator[LocalContext]:
    async with trio.open_nursery() as nursery:
        context: LocalContext = await nursery.start(running.run, StoreThread(), replica, StillNetwork())
        await nursery.start(web.serve, context)
        yield context
        nursery.cancel_scope.cancel()


def listening() -> list[str]:
    """Return the addresses at which anything listens over IPv4 here, as the kernel writes them."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [line[1] for line in lines if line[3] == LISTENS]


async def ask(context: LocalContext) -> bytes:
    stream = await trio.open_tcp_stream("127.0.0.1", context.page.port or 0)
    async with stream:
        await stream.send_all(f"GET / HTTP/1.1\r\nHost: {context.page.host}\r\nConnection: close\r\n\r\n".encode())
        return b"".join([chunk async for chunk in stream])


async def test_the_page_answers_on_this_computer_alone(replica: Replica) -> None:
    async with served(replica) as context:
        assert (await ask(context)).startswith(b"HTTP/1.1 401")
        port = f"{context.page.port:04X}"
        assert {address for address in listening() if address.endswith(":" + port)} == {f"0100007F:{port}"}


async def test_nothing_of_the_page_is_loaded_before_somebody_asks(
    replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    build = web.serve.__globals__["_imported"]()

    def noting(context: LocalContext) -> Any:
        application = build(context)

        async def answer(scope: Any, receive: Any, send: Any) -> None:
            asked.append(scope["type"])
            await application(scope, receive, send)

        return answer

    monkeypatch.setitem(web.serve.__globals__, "_imported", lambda: noting)
    async with served(replica) as context:
        await ask(context)
    assert asked == ["http"]


async def test_the_port_is_kept_and_the_next_free_one_is_taken_where_it_is_not_free(replica: Replica) -> None:
    async with served(replica) as context:
        first = context.page.port
        assert first is not None
    async with served(replica) as context:
        assert context.page.port == first
    with socket.create_server(("127.0.0.1", first)):
        async with served(replica) as context:
            assert context.page.port not in (None, first)


async def test_without_any_free_port_the_node_goes_on_without_a_page(
    replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(web.serve.__globals__, "_bind", lambda _: None)
    async with served(replica) as context:
        assert context.page.port is None
