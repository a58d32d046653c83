"""Connections that speak HTTP: what is answered, what is refused, and what ends when somebody goes away."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from meshnode.local.http_connection import HEAD_MAX_BYTES, LINGER_SECONDS
from meshnode.local.serving import GRACE_SECONDS, serve_application

WITHIN_SECONDS = 20.0
LARGE = 8 * 1024 * 1024  # bytes: more than sockets hold

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Application:
    """Answers by the path that is asked for, and notes which requests were cancelled."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.cancelled = trio.Event()
        self.left = trio.Event()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        self.asked.append(scope)
        if scope["path"] == "/fails":
            raise OSError("on purpose")
        body = b""
        if scope["path"] == "/echo":
            while (message := await receive())["type"] == "http.request":
                body += message["body"]
                if not message["more_body"]:
                    break
        length = {"/endless": LARGE * 1000, "/cut": 9}.get(scope["path"], len(body or b"hello"))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % length)]})
        if scope["path"] == "/cut":
            raise ValueError("on purpose")
        if scope["path"] == "/waits":
            assert (await receive())["type"] == "http.request"
            assert (await receive())["type"] == "http.disconnect"
            self.left.set()
        try:
            while scope["path"] == "/endless":
                await send({"type": "http.response.body", "body": bytes(64 * 1024), "more_body": True})
        except trio.Cancelled:
            self.cancelled.set()
            raise
        await send({"type": "http.response.body", "body": body or b"hello"})


class Served:
    """An application that is served: `dial` connects with it, and `stop` is what a node sets when it stops."""

    def __init__(self, listener: trio.socket.SocketType) -> None:
        self.application = Application()
        self.stop = trio.Event()
        self.ended = trio.Event()
        self._listener = listener

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        listener = self._listener._sock  # type: ignore[attr-defined]
        await serve_application(self.application, listener, self.stop, task_status)
        self.ended.set()

    async def dial(self) -> trio.SocketStream:
        return await trio.open_tcp_stream(*self._listener.getsockname())

    async def answer(self, asked: bytes) -> bytes:
        """Return all that comes on a connection of its own, on which this is asked, until it ends."""
        async with await self.dial() as stream:
            await stream.send_all(asked)
            await stream.send_eof()
            return await rest(stream)


async def rest(stream: trio.SocketStream) -> bytes:
    return b"".join([bytes(piece) async for piece in stream])


async def one_answer(stream: trio.SocketStream) -> bytes:
    """Return the next answer, which has a length."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += await stream.receive_some()
    length = int(re.findall(rb"content-length: (\d+)", received)[0])
    while len(received) < received.index(b"\r\n\r\n") + 4 + length:
        received += await stream.receive_some()
    return received


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as one:
        yield one


@asynccontextmanager
async def serving() -> AsyncIterator[Served]:
    with trio.socket.socket() as listener:
        await listener.bind(("127.0.0.1", 0))
        listener.listen()
        one = Served(listener)
        with trio.fail_after(WITHIN_SECONDS):
            async with trio.open_nursery() as nursery:
                await nursery.start(one.run)
                yield one
                nursery.cancel_scope.cancel()


# --- answers ---------------------------------------------------------------------------------------------------------


async def test_many_requests_are_answered_on_one_connection(served: Served) -> None:
    async with await served.dial() as stream:
        for number in range(5):
            await stream.send_all(b"GET /a%%20b?n=%d HTTP/1.1\r\nHost: x\r\n\r\n" % number)
            assert (await one_answer(stream)).endswith(b"hello")
    paths = [(scope["path"], scope["raw_path"], scope["query_string"]) for scope in served.application.asked]
    assert paths == [("/a b", b"/a%20b", b"n=%d" % number) for number in range(5)]


async def test_requests_that_are_sent_at_once_are_answered_in_order(served: Served) -> None:
    asked = b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /waits HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert (await served.answer(asked)).count(b"hello") == 2
    assert [scope["path"] for scope in served.application.asked] == ["/1", "/waits"]


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_is_read_as_it_comes(served: Served, chunked: bool) -> None:
    length = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: 6"
    async with await served.dial() as stream:
        await stream.send_all(b"POST /echo HTTP/1.1\r\nHost: x\r\n%b\r\n\r\n" % length)
        for piece in (b"ab", b"cd", b"ef"):
            await stream.send_all(b"2\r\n%b\r\n" % piece if chunked else piece)
        if chunked:
            await stream.send_all(b"0\r\n\r\n")
        assert (await one_answer(stream)).endswith(b"\r\n\r\nabcdef")


async def test_somebody_who_asks_before_sending_a_body_is_told_to_go_on(served: Served) -> None:
    async with await served.dial() as stream:
        head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        await stream.send_all(head)
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 100 ")
        await stream.send_all(b"ab")
        assert (await one_answer(stream)).endswith(b"ab")


async def test_the_answer_to_head_has_no_body(served: Served) -> None:
    answer = await served.answer(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"content-length: 5" in answer
    assert answer.endswith(b"\r\n\r\n")


async def test_an_answer_that_comes_before_the_body_was_read_arrives(served: Served) -> None:
    async with await served.dial() as stream, trio.open_nursery() as nursery:
        nursery.start_soon(send_until_it_breaks, stream)
        assert b"hello" in await rest(stream)
        nursery.cancel_scope.cancel()


async def send_until_it_breaks(stream: trio.SocketStream) -> None:
    await stream.send_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % LARGE)
    try:
        for _ in range(LARGE // 1024):
            await stream.send_all(bytes(1024))
    except trio.BrokenResourceError:
        pass


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * (HEAD_MAX_BYTES + 1), b"431"),
    ],
    ids=["no request", "no host", "the address of another", "two lengths", "HTTP/2", "a long head"],
)
async def test_what_is_no_request_is_refused_and_never_reaches_the_application(
    served: Served, asked: bytes, status: bytes
) -> None:
    answer = await served.answer(asked)
    assert answer.split()[1] == status
    assert not served.application.asked


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c"])
async def test_another_protocol_is_not_switched_to(served: Served, protocol: bytes) -> None:
    head = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade, close\r\nUpgrade: %b\r\n\r\n" % protocol
    assert (await served.answer(head)).startswith(b"HTTP/1.1 200 ")


# --- what goes wrong -------------------------------------------------------------------------------------------------


async def test_an_application_that_fails_costs_one_connection(served: Served) -> None:
    assert (await served.answer(b"GET /fails HTTP/1.1\r\nHost: x\r\n\r\n")).startswith(b"HTTP/1.1 500 ")
    assert b"hello" not in await served.answer(b"GET /cut HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"hello" in await served.answer(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


async def test_the_application_is_told_when_the_other_end_goes_away(served: Served) -> None:
    async with await served.dial() as stream:
        await stream.send_all(b"GET /waits HTTP/1.1\r\nHost: x\r\n\r\n")
        await stream.receive_some()
    await served.application.left.wait()


async def test_an_answer_that_nobody_reads_any_longer_is_cancelled(served: Served) -> None:
    async with await served.dial() as stream:
        await stream.send_all(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        await stream.receive_some()
    await served.application.cancelled.wait()


@pytest.mark.parametrize("asked", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"], ids=["before", "after a request"])
async def test_a_connection_on_which_nothing_is_under_way_ends_at_once_with_the_node(
    autojump_clock: MockClock, asked: bytes
) -> None:
    async with serving() as one, await one.dial() as stream:
        if asked:
            await stream.send_all(asked)
            await one_answer(stream)
        await trio.testing.wait_all_tasks_blocked()
        began = trio.current_time()
        one.stop.set()
        await one.ended.wait()
        assert trio.current_time() == began


async def test_somebody_who_reads_nothing_does_not_keep_the_node_from_ending(autojump_clock: MockClock) -> None:
    async with serving() as one, await one.dial() as stream:
        await stream.send_all(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        await stream.receive_some()
        began = trio.current_time()
        one.stop.set()
        await one.ended.wait()
        assert trio.current_time() - began == pytest.approx(GRACE_SECONDS)


async def test_the_end_of_an_answer_is_waited_for_only_for_a_moment(autojump_clock: MockClock) -> None:
    async with serving() as one, await one.dial() as stream:
        await stream.send_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        began = trio.current_time()
        assert b"hello" in await rest(stream)
        with pytest.raises(trio.BrokenResourceError):
            await send_for_ever(stream)
        assert trio.current_time() - began <= 3 * LINGER_SECONDS


async def send_for_ever(stream: trio.SocketStream) -> None:
    while True:
        await stream.send_all(b"more")
        await trio.sleep(LINGER_SECONDS)
