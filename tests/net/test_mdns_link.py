"""What is taken from multicast DNS: so many announcements a second, and addresses on the interface's own network alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from types import SimpleNamespace
from typing import Any

import pytest
from zeroconf import RecordUpdate, ServiceInfo
from zeroconf._cache import DNSCache

from meshnode.net import mdns_thread
from meshnode.net.interfaces import Link
from meshnode.net.mdns_link import AnnouncementListener
from meshnode.net.services import LinkId, ReceivedService
from protocol import RateLimit, limits
from protocol.wire import SERVICE_TYPE
from tests.net.test_interfaces import at

LAN = Link(LinkId("eth0", 2), (at("eth0", "192.168.1.5/24"), at("eth0", "fd00::5/64"), at("eth0", "fe80::5/64")))
ALONE = Link(LinkId("lo", 1), (at("lo", "127.0.0.1/8", 1),))


@dataclass
class Ether:
    """One interface on which anybody may announce anything; `received` is what the listener has passed on."""

    link: Link = LAN
    rate: RateLimit = field(default_factory=lambda: RateLimit(limits.MDNS_HEARD_PER_SECOND, seconds=1.0))
    received: list[ReceivedService] = field(default_factory=list)
    zeroconf: Any = field(default_factory=lambda: SimpleNamespace(cache=DNSCache()))

    def __post_init__(self) -> None:
        self.listener = AnnouncementListener(self.zeroconf, self.received.append, (), self.rate, self.link.reaches)

    def announce(self, number: int, hosts: Sequence[str] = ("192.168.1.7",)) -> None:
        """Announce a service under a name of its own, as one packet with all its records."""
        info = ServiceInfo(
            SERVICE_TYPE,
            f"n{number}.{SERVICE_TYPE}",
            port=7000,
            server=f"n{number}.local.",
            properties={b"v": b"1"},
            addresses=[ip_address(host).packed for host in hosts],
        )
        records = [info.dns_pointer(), info.dns_service(), info.dns_text(), *info.dns_addresses()]
        self.zeroconf.cache.async_add_records(records)
        self.listener.async_update_records(self.zeroconf, 0.0, [RecordUpdate(record, None) for record in records])
        self.listener.async_update_records_complete()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the time by which announcements are counted."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def later(seconds: float) -> None:
        now[0] += seconds

    return later


def test_a_flood_passes_only_so_many_a_second_and_the_next_second_has_as_many_again(
    clock: Callable[[float], None],
) -> None:
    """Fault 32."""
    ether = Ether()
    for second in range(1, 4):
        for number in range(5 * limits.MDNS_HEARD_PER_SECOND):
            ether.announce(second * 10_000 + number)
        assert len(ether.received) == second * limits.MDNS_HEARD_PER_SECOND
        clock(1.0)


def test_all_interfaces_share_one_count(monkeypatch: pytest.MonkeyPatch, clock: Callable[[float], None]) -> None:
    """Fault 32: more interfaces let no more of a flood in. Only the count of the engine itself is given to them."""
    rates: list[RateLimit] = []

    class Responder:
        announced = ""

        def __init__(self, link: Link, received: object, own: object, rate: RateLimit) -> None:
            rates.append(rate)

        async def use(self, link: Link) -> bool:
            return True

        async def close(self) -> None: ...

    monkeypatch.setattr(mdns_thread, "LinkResponder", Responder)
    monkeypatch.setattr(mdns_thread, "_try_port", lambda: None)
    engine = mdns_thread.Engine(lambda service: None)
    try:
        assert engine.use([LAN, ALONE]) == frozenset()
    finally:
        engine.close()
    assert len(rates) == 2
    ethers = [Ether(rate=rate) for rate in rates]
    for number in range(3 * limits.MDNS_HEARD_PER_SECOND):
        for ether in ethers:
            ether.announce(number)
    assert sum(len(ether.received) for ether in ethers) == limits.MDNS_HEARD_PER_SECOND


ADDRESSES: dict[str, tuple[Link, str, bool]] = {
    "a neighbor": (LAN, "192.168.1.7", True),
    "a neighbor by IPv6": (LAN, "fd00::7", True),
    "another network": (LAN, "10.99.0.1", False),
    "another network by IPv6": (LAN, "fd01::7", False),
    "the internet": (LAN, "203.0.113.7", False),
    "this computer itself, from the network": (LAN, "127.0.0.1", False),
    "this computer itself by IPv6, from the network": (LAN, "::1", False),
    "a link-local address without an interface": (LAN, "fe80::7", False),
    "this computer itself, from itself": (ALONE, "127.0.0.1", True),
    "a neighbor, from this computer itself": (ALONE, "192.168.1.7", False),
}


@pytest.mark.parametrize("case", ADDRESSES)
def test_only_addresses_on_the_interfaces_own_network_are_passed_on(case: str) -> None:
    link, host, expected = ADDRESSES[case]
    ether = Ether(link)
    ether.announce(1, [host])
    ether.announce(2, [host, link.addresses[0].host])
    packed, own = ip_address(host).packed, link.addresses[0].packed
    found = [{address for address, _ in service.addresses} for service in ether.received]
    assert found == ([{packed}, {packed, own}] if expected else [{own}])
