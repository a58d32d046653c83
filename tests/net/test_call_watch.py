"""What speaks for a firewall is gathered: who called in, who answers no call, and which firewall is on."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from meshnode.app.explain.reachability import Firewall
from meshnode.net.address import Address
from meshnode.net.call_watch import LOOK_SECONDS, CallWatch, FindFirewall, no_firewall, unanswered
from meshnode.net.dial_outcome import DialOutcome

BOB = b"b" * 32
NEAR, FAR = Address("192.168.1.7", 4747), Address("10.9.9.9", 4747)
NEAR_IPV6 = Address("fe80::7%2", 4747)
UFW = Firewall("ufw", closed=None, line="sudo ufw allow 4747/tcp")
IN = 1_800_000_000


@pytest.mark.parametrize(
    ("host", "own", "counts"),
    [
        ("192.168.1.7", False, True),
        ("fe80::7%2", False, True),
        ("192.168.1.2", True, False),
        ("127.0.0.1", False, False),
        ("::1", False, False),
    ],
)
def test_only_calls_from_other_computers_count(host: str, own: bool, counts: bool) -> None:
    watch = CallWatch(no_firewall)
    watch.called(host, IN, own=own)
    assert watch.called_in == (IN if counts else None)


async def test_the_firewall_is_looked_at_again_until_somebody_has_called_in(
    nursery: trio.Nursery, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(find: FindFirewall, port: int, *, abandon_on_cancel: bool) -> Firewall | None:
        assert abandon_on_cancel
        return find(port)

    monkeypatch.setattr(trio.to_thread, "run_sync", at_once)  # the clock would not wait for a thread
    looks: list[int] = []

    def find(port: int) -> Firewall | None:
        looks.append(port)
        return UFW if len(looks) == 2 else None

    watch = CallWatch(find)
    nursery.start_soon(watch.run, 4747)
    await trio.sleep(LOOK_SECONDS * 1.5)
    assert (looks, watch.firewall) == ([4747, 4747], UFW)
    watch.called("192.168.1.7", IN, own=False)
    assert watch.firewall is None
    await trio.sleep(LOOK_SECONDS * 3)
    assert len(looks) == 2


@pytest.mark.parametrize(
    ("outcomes", "heard", "connected", "found"),
    [
        ({NEAR: DialOutcome.DROPPED}, False, False, True),
        ({NEAR: DialOutcome.PROHIBITED}, False, False, True),
        ({NEAR: DialOutcome.DROPPED}, False, True, False),
        ({NEAR: DialOutcome.DROPPED, FAR: DialOutcome.NO_ANSWER}, True, False, False),
        ({FAR: DialOutcome.DROPPED}, False, False, False),
        ({FAR: DialOutcome.DROPPED}, True, False, True),
        ({NEAR_IPV6: DialOutcome.DROPPED}, False, False, False),
        ({NEAR_IPV6: DialOutcome.DROPPED}, True, False, True),
        ({NEAR: DialOutcome.CLOSED}, True, False, False),
        ({NEAR: DialOutcome.SILENT, FAR: DialOutcome.DROPPED}, False, False, False),
        ({}, True, False, False),
    ],
)
def test_people_who_drop_every_call_are_named_only_if_they_are_near(
    outcomes: dict[Address, DialOutcome], heard: bool, connected: bool, found: bool
) -> None:
    people = unanswered(
        {BOB: outcomes},
        heard={BOB} if heard else set(),
        connected={BOB} if connected else set(),
        is_near=lambda host: host in (NEAR.host, NEAR_IPV6.host),
    )
    assert list(people) == ([BOB] if found else [])
