"""The API's socket is open to its owner only, replaces the socket of a dead node, and is removed when the node stops."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from meshnode.api import serve
from meshnode.errors import Failed, StorageFailed
from meshnode.local import running
from meshnode.local.context import LocalContext
from meshnode.replica.replica import Replica
from meshnode.store.store_thread import StoreThread
from tests.api.context import StillNetwork
from tests.app.neighbors import settle_in
from tests.support.mesh import Mesh


@pytest.fixture
def replica() -> Replica:
    """Return Alice's replica."""
    return settle_in(Mesh(3), "Alice").replica


async def context_of(nursery: trio.Nursery, replica: Replica) -> LocalContext:
    context: LocalContext = await nursery.start(running.run, StoreThread(), replica, StillNetwork())
    return context


@asynccontextmanager
async def served(replica: Replica, path: Path) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        await nursery.start(serve, await context_of(nursery, replica), path)
        yield
        nursery.cancel_scope.cancel()


async def ask(path: Path, method: str = "GET", target: str = "/v1/status") -> tuple[int, Any]:
    stream = await trio.open_unix_socket(str(path))
    async with stream:
        await stream.send_all(
            f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}".encode()
        )
        received = b"".join([chunk async for chunk in stream])
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


async def test_the_socket_is_open_to_its_owner_only_and_is_removed_when_the_node_stops(
    replica: Replica, tmp_path: Path
) -> None:
    path = tmp_path / "api.sock"
    async with served(replica, path):
        assert path.stat().st_mode & 0o777 == 0o600
        status, body = await ask(path)
        assert (status, body["person"]["name"]) == (200, "Alice")
    assert not path.exists()


async def test_the_socket_of_a_dead_node_is_replaced(replica: Replica, tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    left = trio.socket.socket(trio.socket.AF_UNIX)
    await left.bind(str(path))
    left.close()
    async with served(replica, path):
        assert (await ask(path))[0] == 200


async def test_a_file_at_the_address_of_the_socket_is_not_touched(replica: Replica, tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    path.write_text("precious")
    with pytest.RaisesGroup(pytest.RaisesExc(Failed, match="in the way")):
        async with trio.open_nursery() as nursery:
            await serve(await context_of(nursery, replica), path)
    assert path.read_text() == "precious"


async def test_a_failed_disk_ends_the_api_with_its_error(
    replica: Replica, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise StorageFailed("the disk failed", "check it")

    monkeypatch.setattr(replica.store.cards, "issued_live", broken)
    path = tmp_path / "api.sock"
    answers = []
    with pytest.RaisesGroup(StorageFailed):
        async with trio.open_nursery() as nursery:
            await nursery.start(serve, await context_of(nursery, replica), path)
            answers.append(await ask(path, "POST", "/v1/cards"))
            await trio.sleep_forever()
    assert answers[0][0] == 500
    assert not path.exists()
