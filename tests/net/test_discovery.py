"""When and what a node announces, under a clock that jumps; a list stands in for multicast DNS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from meshnode.app.peers.contacts import Announced
from meshnode.net.discovery import (
    FAILING_SECONDS,
    LINKS_MAX,
    REPEAT_LOST_SECONDS,
    REPEAT_SECONDS,
    LocalDiscovery,
    MdnsMode,
)
from meshnode.net.interfaces import Interfaces, Link
from meshnode.net.mdns import Inbox, Mdns
from meshnode.net.recognizer import RecognizedPeer
from meshnode.net.services import AnnouncedService, LinkId, ReceivedService
from protocol import limits
from tests.net.test_interfaces import HOME, LOOPBACK, at
from tests.support.people import Person, grown

ALICE = Person("Alice")
KEYS = Announced(ALICE.presence_key, ())
AT_HOME = Interfaces((*HOME, *LOOPBACK))
VPN = at("wg0", "10.8.0.3", 7)


class Air(Mdns):
    """Multicast DNS without a network: notes what is announced, and when."""

    def __init__(self) -> None:
        super().__init__()
        self.announced: list[tuple[float, LinkId, AnnouncedService | None]] = []
        self.failing: frozenset[LinkId] = frozenset()
        self.repeated: list[float] = []
        self.closed = False

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        self.closed = True

    async def use(self, links: Sequence[Link]) -> frozenset[LinkId]:
        await trio.lowlevel.checkpoint()
        return self.failing

    async def announce(self, services: Mapping[LinkId, AnnouncedService | None]) -> None:
        await trio.lowlevel.checkpoint()
        self.announced += [(trio.current_time(), link, service) for link, service in services.items()]

    def repeat(self) -> None:
        self.repeated.append(trio.current_time())

    @property
    def services(self) -> list[AnnouncedService]:
        """The announcements on the network; loopback is left out."""
        return self.services_on("eth0")

    def services_on(self, name: str) -> list[AnnouncedService]:
        """The announcements on this interface."""
        return [service for _, link, service in self.announced if service is not None and link.name == name]


async def run(
    seconds: float,
    mode: MdnsMode = MdnsMode.ON,
    *,
    script: Callable[[LocalDiscovery], Any] | None = None,
    keys: Announced = KEYS,
    interfaces: Interfaces = AT_HOME,
    air: Air | None = None,
) -> Air:
    """Return what a node sends in the first `seconds` after its start."""
    air = air if air is not None else Air()
    counter = iter(range(10_000))
    recognized: list[RecognizedPeer] = []
    made = LocalDiscovery(mode, 7000, lambda size: grown(next(counter), size=size), recognized.append, air)
    made.use_interfaces(interfaces)
    made.use_keys(keys, [])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.run)
        if script is not None:
            await script(made)
        await trio.sleep(seconds)
        nursery.cancel_scope.cancel()
    return air


async def test_an_announcement_names_addresses_and_port_and_no_loopback(autojump_clock: MockClock) -> None:
    [service] = (await run(1.0)).services
    assert service.port == 7000
    assert len(service.addresses) == len(HOME)


async def test_names_nonce_and_tags_are_new_every_quarter_of_an_hour(autojump_clock: MockClock) -> None:
    services = (await run(3 * limits.ANNOUNCEMENT_LIFE - 1)).services
    assert len(services) == 3
    looks = [(service.instance, service.host, service.txt[b"n"], service.txt[b"t"]) for service in services]
    assert all(len(set(part)) == 3 for part in zip(*looks, strict=True))


async def test_an_announcement_is_repeated_regularly(autojump_clock: MockClock) -> None:
    air = await run(10 * limits.ANNOUNCEMENT_LIFE - 1)
    assert len(air.services) == 10  # each under a new name
    assert len(air.repeated) == 10  # and each once more


async def test_after_a_connection_was_lost_it_is_repeated_at_once_and_more_often_for_a_while(
    autojump_clock: MockClock,
) -> None:
    async def script(made: LocalDiscovery) -> None:
        await trio.sleep(30.0)
        made.repeat_often()

    air = await run(35.0, script=script)
    assert air.repeated == pytest.approx([30.0 + number * REPEAT_LOST_SECONDS for number in range(4)])
    later = await run(6 * limits.ANNOUNCEMENT_LIFE, script=script)
    sent = sorted([*later.repeated, *(at for at, _, _ in later.announced)])
    pauses = [second - first for first, second in pairwise(at for at in sent if at > 30.0)]
    assert max(pauses) <= REPEAT_SECONDS + REPEAT_LOST_SECONDS
    # Whenever the network is joined again, an announcement comes within as long as it was divided, or ten seconds.
    assert all(
        second - first <= max(REPEAT_LOST_SECONDS, first - 30.0) + 1
        for first, second in pairwise(sent)
        if first >= 30.0
    )
    assert len([at for at in later.repeated if 30.0 <= at < 30.0 + limits.ANNOUNCEMENT_LIFE]) < 20


async def test_it_is_repeated_once_for_somebody_who_cannot_have_heard_it(autojump_clock: MockClock) -> None:
    async def script(made: LocalDiscovery) -> None:
        await trio.sleep(30.0)
        made.repeat_soon()

    air = await run(REPEAT_SECONDS, script=script)
    assert air.repeated == pytest.approx([30.0])


async def test_while_a_device_code_is_open_it_is_repeated_every_other_second(autojump_clock: MockClock) -> None:
    async def script(made: LocalDiscovery) -> None:
        await trio.sleep(5.0)
        made.use_keys(Announced(ALICE.presence_key, (grown("code"),), expecting=True), [])
        await trio.sleep(5.0)
        made.use_keys(Announced(ALICE.presence_key, ()), [])

    air = await run(30.0, script=script)
    assert air.repeated == pytest.approx([7.0, 9.0])


async def test_new_addresses_are_announced_at_once_under_new_names(autojump_clock: MockClock) -> None:
    async def script(made: LocalDiscovery) -> None:
        await trio.sleep(5.0)
        made.use_interfaces(Interfaces((HOME[0], *LOOPBACK)))

    first, second = (await run(1.0, script=script)).services
    assert second.addresses == (HOME[0].packed,)
    assert first.instance != second.instance


async def test_on_each_network_only_its_own_addresses_are_announced_under_names_of_their_own(
    autojump_clock: MockClock,
) -> None:
    air = await run(1.0, interfaces=Interfaces((*HOME, VPN, *LOOPBACK)))
    [home], [vpn], [loopback] = air.services_on("eth0"), air.services_on("wg0"), air.services_on("lo")
    assert set(home.addresses) == {address.packed for address in HOME}
    assert set(vpn.addresses) == {VPN.packed}
    assert set(loopback.addresses) == {address.packed for address in LOOPBACK}
    for part in ("instance", "host"):
        assert len({getattr(service, part) for service in (home, vpn, loopback)}) == 3
    for field in (b"n", b"t"):
        assert len({service.txt[field] for service in (home, vpn, loopback)}) == 3


async def test_a_change_on_one_network_changes_no_name_on_another(autojump_clock: MockClock) -> None:
    async def script(made: LocalDiscovery) -> None:
        await trio.sleep(5.0)
        made.use_interfaces(Interfaces((*HOME, *LOOPBACK)))

    air = await run(5.0, script=script, interfaces=Interfaces((*HOME, VPN, *LOOPBACK)))
    assert len(air.services_on("eth0")) == 1
    assert [service for _, link, service in air.announced if link.name == "wg0"][1:] == [None]


async def test_an_interface_made_again_under_its_name_is_announced_on_again(autojump_clock: MockClock) -> None:
    async def script(made: LocalDiscovery) -> None:
        await trio.sleep(5.0)
        made.use_interfaces(Interfaces((at("eth0", "192.168.1.7", 9), *LOOPBACK)))

    first, second = (await run(5.0, script=script, interfaces=Interfaces((HOME[0], *LOOPBACK)))).services
    assert first.instance != second.instance


async def test_an_interface_that_fails_for_a_while_is_named_and_one_that_recovers_is_not(
    autojump_clock: MockClock,
) -> None:
    air = Air()
    air.failing = frozenset({LinkId("eth0", 2)})
    seen: list[tuple[str, ...]] = []

    async def script(made: LocalDiscovery) -> None:
        for moment in range(4):
            await trio.sleep(FAILING_SECONDS / 2 + 1)
            seen.append(made.deaf)
            air.failing = air.failing if moment < 2 else frozenset()

    await run(1.0, script=script, air=air)
    assert seen == [(), ("eth0",), ("eth0",), ()]


async def test_interfaces_beyond_the_most_that_are_used_are_named(autojump_clock: MockClock) -> None:
    many = [at(f"eth0.{number}", f"10.0.{number}.1", number) for number in range(1, LINKS_MAX + 3)]
    deaf: list[tuple[str, ...]] = []

    async def script(made: LocalDiscovery) -> None:
        await trio.sleep(1.0)
        deaf.append(made.deaf)

    air = await run(1.0, script=script, interfaces=Interfaces(tuple(many)))
    assert deaf == [(f"eth0.{LINKS_MAX + 1}", f"eth0.{LINKS_MAX + 2}")]
    assert len({link for _, link, _ in air.announced}) == LINKS_MAX


async def test_a_new_card_is_announced_at_once(autojump_clock: MockClock) -> None:
    async def script(made: LocalDiscovery) -> None:
        await trio.sleep(5.0)
        made.use_keys(Announced(ALICE.presence_key, (grown("card"),)), [])

    services = (await run(1.0, script=script)).services
    assert len(services) == 2
    assert len(services[0].txt[b"t"]) == len(services[1].txt[b"t"])  # their number tells nothing about cards


async def test_in_listen_mode_nothing_is_announced(autojump_clock: MockClock) -> None:
    air = await run(2 * limits.ANNOUNCEMENT_LIFE, MdnsMode.LISTEN)
    assert not air.services


async def test_switched_off_it_does_not_even_listen(autojump_clock: MockClock) -> None:
    assert not (await run(10.0, MdnsMode.OFF)).announced


async def test_the_announcement_is_withdrawn_at_the_end(autojump_clock: MockClock) -> None:
    assert (await run(1.0)).closed


async def test_a_flood_fills_the_inbox_and_nothing_else() -> None:
    send, receive = trio.open_memory_channel[ReceivedService](limits.MDNS_QUEUE_MAX)
    inbox = Inbox(trio.lowlevel.current_trio_token(), send)
    flood = partial(inbox.put, ReceivedService("x", (), 1, {}))
    await trio.to_thread.run_sync(lambda: [flood() for _ in range(50 * limits.MDNS_QUEUE_MAX)])
    await trio.testing.wait_all_tasks_blocked()
    assert receive.statistics().current_buffer_used <= limits.MDNS_QUEUE_MAX
    assert receive.statistics().current_buffer_used > 0
