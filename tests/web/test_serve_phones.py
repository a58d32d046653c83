"""The page is served to phones while its owner wants it, on the addresses of private networks, at a port that is kept."""

from __future__ import annotations

import hashlib
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from functools import partial
from ipaddress import IPv4Network
from pathlib import Path

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from meshnode import web
from meshnode.app.phones.settings import LocalSubnet, PhonePageOrder
from meshnode.errors import Refused
from meshnode.local import phone_cases, running
from meshnode.local.context import LocalContext
from meshnode.local.guests import CONNECTION_SECONDS, Guests, end_in_time
from meshnode.local.http_connection import IDLE_SECONDS
from meshnode.local.serving import serve_application
from meshnode.replica.replica import Replica
from meshnode.store.store_thread import StoreThread
from meshnode.web.serve_phones import own_name
from tests.api.context import StillNetwork
from tests.app.neighbors import settle_in
from tests.support.mesh import Mesh

LISTENS = "0A"  # the state of a socket in /proc/net/tcp
HERE, THERE = LocalSubnet("lo", "127.0.0.1", 29), LocalSubnet("lo", "127.0.0.65", 29)
ON = PhonePageOrder(on=True, interfaces=("lo",))
OFF = PhonePageOrder(on=False)


@pytest.fixture
def replica() -> Replica:
    """Return Alice's replica."""
    return settle_in(Mesh(3), "Alice").replica


@asynccontextmanager
async def served(replica: Replica, *subnets: LocalSubnet) -> AsyncIterator[LocalContext]:
    """Run what serves phones, on a computer with these addresses."""
    network = StillNetwork()
    network.now = replace(network.now, subnets=subnets)
    async with trio.open_nursery() as nursery:
        context: LocalContext = await nursery.start(running.run, StoreThread(), replica, network)
        await nursery.start(web.serve_phones, context)
        yield context
        nursery.cancel_scope.cancel()


def listening() -> set[str]:
    """Return the addresses at which this process listens over IPv4, as the kernel writes them."""
    own = set()
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            own.add(str(entry.readlink()))
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {line[1] for line in lines if line[3] == LISTENS and f"socket:[{line[9]}]" in own}


def kernels(host: str, port: int) -> str:
    """Return an address as the kernel writes it."""
    return f"{int.from_bytes(socket.inet_aton(host), 'little'):08X}:{port:04X}"


def port_of(context: LocalContext) -> int:
    """Return the port at which phones find the page."""
    assert context.phones.site is not None
    return context.phones.site.port


async def ask(host: str, port: int, path: str = "/", source: str = "127.0.0.2") -> bytes:
    """Ask for a page from the address `source`; empty if the connection is closed without a byte."""
    stream = await trio.open_tcp_stream(host, port, local_address=source)
    async with stream:
        try:
            await stream.send_all(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
            return b"".join([chunk async for chunk in stream])
        except trio.BrokenResourceError:
            return b""


async def test_nothing_listens_for_phones_until_it_is_wanted_and_nothing_when_it_no_longer_is(replica: Replica) -> None:
    before = listening()
    async with served(replica, HERE, THERE) as context:
        assert listening() == before
        assert context.phones.site is None
        with pytest.raises(Refused):
            await phone_cases.new_link(context)
        await phone_cases.turn(context, ON)
        port = port_of(context)
        assert listening() - before == {kernels("127.0.0.1", port), kernels("127.0.0.65", port)}
        assert (await ask("127.0.0.1", port)).startswith(b"HTTP/1.1 401")
        await phone_cases.turn(context, OFF)
        assert listening() == before
        assert context.phones.site is None


async def test_it_is_on_again_at_the_same_port_when_the_node_starts_again(replica: Replica) -> None:
    async with served(replica, HERE) as context:
        await phone_cases.turn(context, ON)
        first = port_of(context)
    async with served(replica, HERE) as context:
        assert port_of(context) == first
    with socket.create_server(("127.0.0.1", first)):
        async with served(replica, HERE) as context:
            assert port_of(context) != first
    async with served(replica, HERE) as context:
        await phone_cases.turn(context, OFF)
    async with served(replica, HERE) as context:
        assert context.phones.site is None


async def test_it_follows_the_networks_as_they_come_and_go(replica: Replica) -> None:
    async with served(replica, HERE) as context:
        await phone_cases.turn(context, ON)
        port = port_of(context)
        network = context.network
        assert isinstance(network, StillNetwork)
        network.now = replace(network.now, subnets=(THERE,))
        await context.phone_page.settle()
        assert not await trio.to_thread.run_sync(lambda: kernels("127.0.0.1", port) in listening())
        assert (await ask("127.0.0.65", port, source="127.0.0.66")).startswith(b"HTTP/1.1 401")
        network.now = replace(network.now, subnets=())
        await context.phone_page.settle()
        assert context.phones.site is None


async def test_what_comes_from_outside_of_the_subnet_gets_not_one_byte(replica: Replica) -> None:
    async with served(replica, HERE) as context:
        await phone_cases.turn(context, ON)
        for source in ("127.0.0.9", "127.0.0.66", "127.1.0.1"):
            assert await ask("127.0.0.1", port_of(context), source=source) == b""
        assert await ask("127.0.0.1", port_of(context), source="127.0.0.7") != b""


async def test_among_two_hundred_idle_connections_a_phone_is_still_answered(replica: Replica) -> None:
    async with served(replica, HERE) as context:
        await phone_cases.turn(context, ON)
        with ExitStack() as stack:
            for number in range(200):
                idle = trio.socket.socket()
                stack.callback(idle.close)
                await idle.bind((f"127.0.0.{3 + number % 4}", 0))  # four take all the places that there are
                await idle.connect(("127.0.0.1", port_of(context)))
            assert (await ask("127.0.0.1", port_of(context))).startswith(b"HTTP/1.1 401")


async def test_a_connection_ends_after_a_while_whatever_happens_on_it(autojump_clock: MockClock) -> None:
    ours, theirs = trio.socket.socketpair()
    with ours, theirs:
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(end_in_time, trio.SocketStream(ours))
            assert await theirs.recv(1) == b""
        assert trio.current_time() - began == pytest.approx(CONNECTION_SECONDS)


async def nobody(*_: object) -> None:
    """An application that is never asked."""
    raise AssertionError


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: x"], ids=["silent", "half a head"])
async def test_a_connection_that_asks_for_nothing_is_closed(autojump_clock: MockClock, begun: bytes) -> None:
    admission = partial(Guests().connection, IPv4Network("127.0.0.0/29"))
    serving = partial(serve_application, nobody, admission=admission)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with trio.open_nursery() as nursery:
            await nursery.start(serving, listener, trio.Event())
            async with await trio.open_tcp_stream(*listener.getsockname()) as stream:
                began = trio.current_time()
                await stream.send_all(begun)
                assert await stream.receive_some() == b""
                assert trio.current_time() - began <= IDLE_SECONDS
            nursery.cancel_scope.cancel()


async def test_an_address_that_asks_too_often_is_no_longer_answered(replica: Replica) -> None:
    async with served(replica, HERE) as context:
        await phone_cases.turn(context, ON)
        answers = [await ask("127.0.0.1", port_of(context), f"/in/{number}", "127.0.0.4") for number in range(40)]
        assert answers[0].startswith(b"HTTP/1.1 401")
        assert answers[-1] == b""
        assert (await ask("127.0.0.1", port_of(context))).startswith(b"HTTP/1.1 401")


async def test_with_tls_the_certificate_is_the_one_whose_fingerprint_is_shown_and_nothing_older_is_spoken(
    replica: Replica,
) -> None:
    async with served(replica, HERE) as context:
        await phone_cases.turn(context, replace(ON, tls=True))
        link = await phone_cases.new_link(context)
        assert link.tls
        assert link.link.startswith("https://127.0.0.1:")
        shown = await trio.to_thread.run_sync(_certificate, port_of(context), ssl.TLSVersion.TLSv1_3)
        assert hashlib.sha256(shown).hexdigest() == link.fingerprint.replace(":", "").lower()
        with pytest.raises(ssl.SSLError):
            await trio.to_thread.run_sync(_certificate, port_of(context), ssl.TLSVersion.TLSv1_2)
        assert not (await ask("127.0.0.1", port_of(context))).startswith(b"HTTP/1.1 401")
    async with served(replica, HERE) as context:
        again = await trio.to_thread.run_sync(_certificate, port_of(context), ssl.TLSVersion.TLSv1_3)
        assert again == shown
        await phone_cases.turn(context, replace(ON, tls=False))
        assert (await ask("127.0.0.1", port_of(context))).startswith(b"HTTP/1.1 401")


def _certificate(port: int, newest: ssl.TLSVersion) -> bytes:
    """Return the certificate that the page shows."""
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    trusting.maximum_version = newest
    with socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.2", 0)) as plain:
        plain.settimeout(20)
        with trusting.wrap_socket(plain) as secured:
            found = secured.getpeercert(binary_form=True)
            assert found is not None
            return found


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("laptop", "laptop.local"),
        ("Laptop.home.arpa", "laptop.local"),
        ("localhost", ""),
        ("", ""),
        ("a_b", ""),
        ("-", ""),
    ],
)
def test_the_computers_own_name_is_one_that_multicast_dns_knows(host: str, name: str) -> None:
    assert own_name(host) == name
