"""The kernel is asked about a connection: what it has heard, and to ask the other end now."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import memory_stream_pair

from meshnode.net.tcp_watch import TcpWatch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other kernels do not say it")
WITHIN_SECONDS = 10.0


@asynccontextmanager
async def connection() -> AsyncIterator[tuple[trio.SocketStream, trio.SocketStream]]:
    """Two ends of a TCP connection over loopback."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        one = await trio.open_tcp_stream(*listener.socket.getsockname())
        async with one, await listener.accept() as other:
            yield one, other


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds that the kernel does by itself, of which no event tells."""
    with trio.fail_after(WITHIN_SECONDS):
        while not holds():  # noqa: ASYNC110
            await trio.sleep(0.005)


async def test_an_end_that_says_nothing_is_asked_and_its_kernel_answers() -> None:
    async with connection() as (one, _):
        watch = TcpWatch(one)
        watch.begin()
        await until(lambda: (watch.silent_seconds or 0.0) > 0.05)
        asked = trio.current_time()
        watch.ask()
        await until(lambda: (watch.silent_seconds or 0.0) < trio.current_time() - asked)
        watch.asked_enough()
        assert watch.silent_seconds is not None


async def test_a_connection_rests_only_when_the_other_end_has_acknowledged_all() -> None:
    async with connection() as (one, other):
        watch = TcpWatch(one)
        watch.begin()
        assert watch.at_rest()
        with trio.move_on_after(0.2):
            while True:  # until the buffers of both kernels are full
                await one.send_all(bytes(1_000_000))
        assert not watch.at_rest()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(drain, other)
            await until(watch.at_rest)
            nursery.cancel_scope.cancel()


async def drain(stream: trio.SocketStream) -> None:
    while await stream.receive_some():
        pass


async def test_a_stream_that_is_no_socket_is_not_watched() -> None:
    one, _ = memory_stream_pair()
    watch = TcpWatch(one)
    watch.begin()
    watch.ask()
    watch.asked_enough()
    assert watch.at_rest()
    assert watch.silent_seconds is None


async def test_a_closed_socket_is_not_watched_and_raises_nothing() -> None:
    async with connection() as (one, _):
        watch = TcpWatch(one)
        await one.aclose()
        watch.begin()
        watch.ask()
        assert watch.silent_seconds is None
