"""Calls the real ASGI application of one node of a simulated mesh, without a socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from meshnode.api.app import build
from meshnode.app.catalog.catalog import Catalog
from meshnode.app.explain.status import ConnectionAttempt, NetworkState, Peer
from meshnode.app.meetings.typed import MeetingResult, TypedMeeting
from meshnode.app.peers.conversation import Conversation
from meshnode.app.peers.sync import Synced
from meshnode.local.context import LocalContext
from meshnode.local.feed import Feed
from meshnode.replica.replica import Replica
from protocol import PersonId
from protocol.wire import SeenEphemerals
from tests.support.meetings import converse_with, result_of


class InlineStoreThread:
    """Runs the functions for the store at once, without a thread."""

    async def run(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        return function(*arguments)


@dataclass
class StillNetwork:
    """A network that changes only when a test changes it, and counts the calls of `look_again` and `check_peers`."""

    now: NetworkState = field(
        default_factory=lambda: NetworkState(ready=True, port=4747, addresses=(("127.0.0.1", 4747),), announcing=True)
    )
    tried: dict[PersonId, tuple[ConnectionAttempt, ...]] = field(default_factory=dict)
    looked: int = 0
    checked: int = 0
    synced: tuple[Synced, ...] = ()
    missing: tuple[PersonId, ...] = ()
    shower: Replica | None = None
    """The node that a search for a word code leads to."""

    def state(self) -> NetworkState:
        return self.now

    async def check_peers(self) -> None:
        self.checked += 1

    def attempts(self, person: PersonId) -> tuple[ConnectionAttempt, ...]:
        return self.tried.get(person, ())

    async def sync(self) -> tuple[Sequence[Synced], Collection[PersonId]]:
        self.look_again()
        return self.synced, self.missing

    def numbers_heard(self) -> frozenset[int]:
        return frozenset()

    async def meet(self, number: int, make: Callable[[], TypedMeeting], peer: tuple[str, int] | None) -> MeetingResult:
        if self.shower is None:
            return MeetingResult(None)
        meeting = make()
        converse_with(meeting, Conversation.answering(self.shower, SeenEphemerals(), 0.0), 0.0)
        return result_of(meeting)

    def look_again(self) -> None:
        self.looked += 1

    def connect(self, person: PersonId) -> None:
        self.now = NetworkState(
            ready=True,
            port=4747,
            addresses=self.now.addresses,
            announcing=True,
            peers=(*self.now.peers, Peer(person, bytes(32), "127.0.0.1:4748", True, 1_800_000_000, True)),
        )


@dataclass
class Answer:
    """One answer of the API."""

    status: int
    headers: dict[str, str]
    body: Any


class Caller:
    """Calls the application of one node. `answers` keeps the method, the path and the answer of every call."""

    def __init__(self, replica: Replica) -> None:
        self.replica = replica
        self.network = StillNetwork()
        self.context = LocalContext(
            InlineStoreThread(), replica, self.network, Catalog(replica), Feed(replica, self.network)
        )
        self._app = build(self.context)
        self.answers: list[tuple[str, str, Answer]] = []

    async def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        sent_headers = {"host": "localhost", "content-type": "application/json", **(headers or {})}
        raw_path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": _unquoted(raw_path),
            "raw_path": raw_path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent_headers.items() if value],
            "server": ("localhost", 80),
            "client": None,
        }
        chunks = [content[start : start + 4096] for start in range(0, len(content), 4096)] or [b""]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if not chunks:
                return {"type": "http.disconnect"}
            chunk = chunks.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

        async def send(message: Any) -> None:
            sent.append(dict(message))

        await self._app(scope, receive, send)
        start = sent[0]
        answered = b"".join(message.get("body", b"") for message in sent[1:])
        received = {name.decode(): value.decode() for name, value in start["headers"]}
        streamed = received.get("content-type", "").startswith("text/")
        answer = Answer(
            start["status"], received, answered.decode() if streamed else json.loads(answered) if answered else None
        )
        self.answers.append((method, raw_path, answer))
        return answer


def _unquoted(path: str) -> str:
    from urllib.parse import unquote

    return unquote(path)
