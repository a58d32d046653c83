"""Several addresses of a person race on real sockets: one connection wins, and nothing of the others is left."""

from __future__ import annotations

import gc
import os
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest
import trio

from meshnode.app.people import cards
from meshnode.net.dial_outcome import DialOutcome
from tests.support.network import Node, start, until

INODE = 9  # the column of /proc/net/tcp that has the number of the socket
SWALLOWING = 3  # addresses where something accepts connections and never answers


def swallow(stack: ExitStack, number: int) -> socket.socket:
    """Return a socket that accepts connections at an address of this machine; nobody answers there."""
    return stack.enter_context(socket.create_server((f"127.0.0.{2 + number}", 0)))


async def add_card(one: Node, other: Node, before: list[tuple[str, int]]) -> None:
    """Let `one` add a card of the other's whose first addresses are these."""
    made = await other.store_thread.run(cards.make, other.replica, cards.CardOrder(), [*before, other.address])
    await one.add(made.text)


async def test_an_address_that_swallows_everything_delays_nobody_and_is_let_go(nursery: trio.Nursery) -> None:
    alice, bob = await start(nursery, "Alice"), await start(nursery, "Bob")
    with ExitStack() as stack:
        servers = [swallow(stack, number) for number in range(SWALLOWING)]
        await add_card(alice, bob, [server.getsockname()[:2] for server in servers])
        await until(lambda: bob.replica.me in alice.peers(), "they meet")
        for server in servers:
            connection = (await trio.to_thread.run_sync(server.accept))[0]
            with connection:
                connection.settimeout(5.0)
                await trio.to_thread.run_sync(read_to_the_end, connection)
    outcomes = [attempt.outcome for attempt in alice.network.attempts(bob.replica.me)]
    assert outcomes.count(DialOutcome.OVERTAKEN.value) == SWALLOWING
    assert outcomes.count(DialOutcome.MET.value) == 1
    assert len(alice.network.links) == len(bob.network.links) == 1


def read_to_the_end(connection: socket.socket) -> None:
    """Read until the other side closes; TimeoutError if it does not."""
    try:
        while connection.recv(65_536):
            pass
    except ConnectionResetError:
        pass


async def test_a_race_leaves_no_socket_behind(nursery: trio.Nursery) -> None:
    alice, bob = await start(nursery, "Alice"), await start(nursery, "Bob")
    with ExitStack() as stack:
        servers = [swallow(stack, number) for number in range(SWALLOWING)]
        gc.collect()  # sockets of tests before this one
        before = connections()
        await add_card(alice, bob, [server.getsockname()[:2] for server in servers])
        await until(lambda: bob.replica.me in alice.peers(), "they meet")
        await until(lambda: len(connections() - before) <= 2, "the two ends of one connection are left")


def connections() -> set[str]:
    """Return the TCP sockets that this process has open.

    A node opens sockets of other kinds too, while it starts: to learn of changes of addresses, for example.
    """
    descriptors, tables = Path("/proc/self/fd"), [Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6")]
    if not descriptors.exists():
        pytest.skip("this system does not list open files")
    rows = [row.split() for table in tables if table.exists() for row in table.read_text().splitlines()[1:]]
    return {f"socket:[{row[INODE]}]" for row in rows} & {_target(one) for one in descriptors.iterdir()}


def _target(descriptor: Path) -> str:
    try:
        return os.readlink(descriptor)  # noqa: PTH115 - the target is no path
    except OSError:
        return ""


async def test_a_node_does_not_connect_with_itself_by_a_card_that_names_its_own_address(
    nursery: trio.Nursery,
) -> None:
    """Two computers have the same address for containers, and the same port."""
    alice, bob = await start(nursery, "Alice"), await start(nursery, "Bob")
    await add_card(alice, bob, [alice.address, ("127.0.0.1", alice.network.port)])
    await until(lambda: bob.replica.me in alice.peers(), "they meet")
    assert str(alice.network.port) not in {
        attempt.address.rpartition(":")[2] for attempt in alice.network.attempts(bob.replica.me)
    }
