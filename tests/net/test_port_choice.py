"""Which port a node listens on, and when it takes another: never one that was seen elsewhere, unless it is everybody's."""

from __future__ import annotations

import pytest

from meshnode.config import DEFAULT_PORT
from meshnode.net.interfaces import Interfaces
from meshnode.net.listener import Listener
from meshnode.net.port_choice import PortChoice
from tests.net.test_interfaces import LOOPBACK, at

OTHER_PORT, DRAWN = 4748, 40_000
HOME = Interfaces((at("eth0", "192.168.1.7/24"), at("eth0", "fe80::7/64"), *LOOPBACK))
RENEWED = Interfaces((at("eth0", "192.168.1.8/24"), at("eth0", "fe80::7/64"), *LOOPBACK))
CAFE = Interfaces((at("wlan0", "10.0.0.7/24"), *LOOPBACK))
OFFLINE = Interfaces(LOOPBACK)


class Ports(Listener):
    """A computer on which some ports are taken; each draw gives the next one."""

    def __init__(self, *taken: int) -> None:
        self.taken = taken
        self.port = 0
        self.drawn = DRAWN

    def open(self, interfaces: Interfaces, *, wanted: int | None, kept: int | None, anywhere: bool = False) -> int:
        self.drawn += 1
        following = self.drawn if anywhere else OTHER_PORT
        choices = [wanted] if wanted else [*([kept] if kept else []), DEFAULT_PORT, following]
        self.port = next(port for port in choices if port not in self.taken)
        return self.port

    def change_port(self, interfaces: Interfaces) -> int:
        return self.open(interfaces, wanted=None, kept=None, anywhere=True)


CASES: dict[str, tuple[tuple[int, ...], int | None, list[Interfaces], list[int]]] = {
    "the default port is everybody's": ((), None, [HOME, CAFE, HOME], [4747, 4747, 4747]),
    "another one changes when all addresses do": ((4747,), None, [HOME, CAFE], [4748, DRAWN + 2]),
    "and each time": ((4747,), None, [HOME, CAFE, HOME], [4748, DRAWN + 2, DRAWN + 3]),
    "not while one address stays": ((4747,), None, [HOME, RENEWED], [4748, 4748]),
    "not by being offline on the way": ((4747,), None, [HOME, OFFLINE, HOME], [4748, 4748, 4748]),
    "being offline on the way hides nothing": ((4747,), None, [HOME, OFFLINE, CAFE], [4748, 4748, DRAWN + 2]),
    "the owner's choice stays": ((4747,), 5000, [HOME, CAFE], [5000, 5000]),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("restarts", [False, True], ids=["running", "started again in each place"])
def test_the_port_in_each_place(case: str, restarts: bool) -> None:
    taken, fixed, places, expected = CASES[case]
    listener, keep = Ports(*taken), None
    choice = PortChoice(fixed, None)
    found = []
    for number, place in enumerate(places):
        if restarts or number == 0:
            choice = PortChoice(fixed, keep)
            keep = choice.open(listener, place)
        else:
            keep = choice.follow(listener, place) or keep
        found.append(listener.port)
    if restarts:  # each start draws
        assert [port if port <= 5000 else None for port in found] == [
            port if port <= 5000 else None for port in expected
        ]
        assert len({port for port in found if port > 5000}) == sum(port > 5000 for port in expected)
    else:
        assert found == expected


def test_a_port_kept_by_an_earlier_version_is_taken_again() -> None:
    listener = Ports(DEFAULT_PORT)
    PortChoice(None, "4750").open(listener, HOME)
    assert listener.port == 4750
