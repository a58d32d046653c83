"""Answers one request of the API in this process, for a node that does not run: nothing listens, and no upkeep is done.

So the owner can revoke a device, block, look for the cause of trouble and take their data away when a daemon does not even
start. The request is answered by the same application as in a running node.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from meshnode.api.app import build
from meshnode.app.catalog.catalog import Catalog
from meshnode.app.explain.status import ConnectionAttempt, NetworkState
from meshnode.app.meetings.typed import MeetingResult, TypedMeeting
from meshnode.app.peers.sync import Synced
from meshnode.backup import BackupMaker
from meshnode.local.context import LocalContext
from meshnode.local.feed import Feed
from meshnode.replica.replica import Replica, StoreRunner
from meshnode.text.catalog import language
from protocol import PersonId


class _NoNetwork:
    """Stands for the network of a node that does not run."""

    def state(self) -> NetworkState:
        """Return that nobody is connected."""
        return NetworkState(ready=False)

    async def check_peers(self) -> None:
        """Do nothing: nobody is connected."""

    def attempts(self, person: PersonId) -> tuple[ConnectionAttempt, ...]:
        """Return that nobody was called."""
        return ()

    async def sync(self) -> tuple[Sequence[Synced], Collection[PersonId]]:
        """Return that nobody was found."""
        return (), ()

    def numbers_heard(self) -> frozenset[int]:
        """Return that no word code is heard."""
        return frozenset()

    async def meet(self, number: int, make: Callable[[], TypedMeeting], peer: tuple[str, int] | None) -> MeetingResult:
        """Return that nobody was found."""
        return MeetingResult(None)

    def look_again(self) -> None:
        """Do nothing: the next start looks at everything."""


async def answer(
    store_thread: StoreRunner,
    replica: Replica,
    backups: BackupMaker,
    method: str,
    path: str,
    query: str,
    body: bytes | None,
) -> tuple[int, bytes]:
    """Return status and JSON of the answer to one request; `path` is percent-decoded, `query` is not."""
    network = _NoNetwork()
    catalog = await store_thread.run(Catalog, replica)
    context = LocalContext(store_thread, replica, network, catalog, Feed(replica, network), backups)
    headers = [(b"host", b"localhost"), (b"accept-language", language().encode("ascii"))]
    if body is not None:
        headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode("ascii"))]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode("ascii"),
        "root_path": "",
        "headers": headers,
    }
    status, parts = 500, list[bytes]()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body or b"", "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            parts.append(message.get("body", b""))

    await build(context)(scope, receive, send)
    if context.broken is not None:
        raise context.broken
    return status, b"".join(parts)
