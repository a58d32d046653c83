"""Listening on loopback: one port for both families, kept, and following the interfaces."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from meshnode.config import DEFAULT_PORT
from meshnode.errors import Failed, StorageFailed
from meshnode.net.interfaces import Interfaces, LocalAddress, snapshot
from meshnode.net.listener import PORTS_NEXT, Listener
from tests.support.guards import guard_of

LOOPBACK = snapshot(["no-such-interface"])
V4 = Interfaces((LocalAddress("lo", 1, ipaddress.ip_address("127.0.0.1").packed),))
OTHER = Interfaces((LocalAddress("lo", 1, ipaddress.ip_address("127.0.0.2").packed),))


@asynccontextmanager
async def listener(*, wildcard: bool = False) -> AsyncIterator[tuple[Listener, list[str]]]:
    """A listener, and the hosts that connections came from."""
    came: list[str] = []

    async def handle(stream: trio.SocketStream, host: str) -> None:
        came.append(host)
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        yield Listener(nursery, handle, guard_of(), wildcard=wildcard), came
        nursery.cancel_scope.cancel()


async def reach(host: str, port: int) -> bool:
    """Whether somebody accepts a connection there, and, if so, has hung up again."""
    try:
        stream = await trio.open_tcp_stream(host, port)
    except OSError:
        return False
    async with stream:
        return await stream.receive_some() == b""


@pytest.mark.parametrize("wildcard", [True, False])
async def test_one_port_serves_every_family(wildcard: bool) -> None:
    async with listener(wildcard=wildcard) as (listening, came):
        port = listening.open(LOOPBACK, wanted=None, kept=None)
        hosts = [address.host for address in LOOPBACK.addresses]
        for host in hosts:
            assert await reach(host, port)
        assert came == hosts


async def test_a_kept_port_is_taken_again() -> None:
    async with listener() as (listening, _):
        port = listening.open(V4, wanted=None, kept=None)
    async with listener() as (listening, _):
        assert listening.open(V4, wanted=None, kept=port) == port


async def test_where_the_kept_port_is_taken_another_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        async with listener() as (listening, _):
            port = listening.open(V4, wanted=None, kept=taken)
            assert port != taken
            assert await reach("127.0.0.1", port)


async def test_a_port_that_was_asked_for_and_is_taken_is_an_error_that_says_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        async with listener() as (listening, _):
            with pytest.raises(Failed, match=str(taken)) as refusal:
                listening.open(V4, wanted=taken, kept=None)
            assert "--port" in refusal.value.hint


async def test_sockets_follow_the_addresses_of_the_chosen_interfaces() -> None:
    async with listener() as (listening, _):
        port = listening.open(V4, wanted=None, kept=None)
        assert not await reach("127.0.0.2", port)
        listening.use(OTHER)
        await wait_all_tasks_blocked()
        assert await reach("127.0.0.2", port)
        assert not await reach("127.0.0.1", port)


async def test_an_address_that_cannot_be_used_yet_does_not_keep_the_others_from_it() -> None:
    nowhere = LocalAddress("eth9", 9, ipaddress.ip_address("203.0.113.9").packed)
    async with listener() as (listening, _):
        port = listening.open(Interfaces((nowhere, *V4.addresses)), wanted=None, kept=None)
        assert listening.hosts == ("127.0.0.1",)
        assert await reach("127.0.0.1", port)


async def test_after_closing_nobody_is_accepted() -> None:
    async with listener() as (listening, _):
        port = listening.open(V4, wanted=None, kept=None)
        listening.close()
        await wait_all_tasks_blocked()
        assert not await reach("127.0.0.1", port)


@pytest.mark.parametrize("fault", [errno.ECONNABORTED, errno.EPERM, errno.EMFILE, errno.EINVAL])
async def test_an_error_of_accept_does_not_end_the_listening(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock, fault: int
) -> None:
    accept = trio.SocketListener.accept
    faults = [OSError(fault, "before it was accepted")]

    async def fail_once(listener: trio.SocketListener) -> trio.SocketStream:
        if faults:
            raise faults.pop()
        return await accept(listener)

    monkeypatch.setattr(trio.SocketListener, "accept", fail_once)
    async with listener() as (listening, _):
        port = listening.open(V4, wanted=None, kept=None)
        await trio.sleep(1)
        assert not faults
        assert await reach("127.0.0.1", port)


@pytest.mark.fails_unattended
async def test_a_handler_that_fails_costs_its_connection_and_not_the_node(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(stream: trio.SocketStream, host: str) -> None:
        raise RuntimeError("a fault of ours")

    async with trio.open_nursery() as nursery:
        listening = Listener(nursery, fail, guard_of(), wildcard=False)
        port = listening.open(V4, wanted=None, kept=None)
        assert await reach("127.0.0.1", port)
        assert await reach("127.0.0.1", port)
        nursery.cancel_scope.cancel()
    assert "answering a call" in {record.work for record in caplog.records if hasattr(record, "work")}


async def test_a_failed_disk_in_a_handler_ends_the_node() -> None:
    async def fail(stream: trio.SocketStream, host: str) -> None:
        raise StorageFailed("the disk failed")

    with pytest.RaisesGroup(StorageFailed, flatten_subgroups=True):
        async with trio.open_nursery() as nursery:
            listening = Listener(nursery, fail, guard_of(), wildcard=False)
            await reach("127.0.0.1", listening.open(V4, wanted=None, kept=None))


async def test_without_a_choice_nodes_take_one_port_after_the_other_from_the_default_on() -> None:
    async with listener() as (first, _), listener() as (second, _):
        one = first.open(V4, wanted=None, kept=None)
        other = second.open(V4, wanted=None, kept=None)
        assert (
            DEFAULT_PORT <= one < other <= DEFAULT_PORT + PORTS_NEXT
        )  # another program on this machine may hold some of them


async def test_where_all_those_ports_are_taken_another_is_found() -> None:
    with ExitStack() as stack:
        for port in range(DEFAULT_PORT, DEFAULT_PORT + PORTS_NEXT + 1):
            with suppress(OSError):
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
        async with listener() as (listening, _):
            port = listening.open(V4, wanted=None, kept=None)
            assert not DEFAULT_PORT <= port <= DEFAULT_PORT + PORTS_NEXT
            assert await reach("127.0.0.1", port)
