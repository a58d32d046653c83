"""The page is served to phones on private networks alone, and only once its owner wants it."""

from __future__ import annotations

import pytest

from meshnode.app.phones.settings import LocalSubnet, PhonePageOrder, PhoneSettings, change, settings
from meshnode.errors import Usage
from tests.support.mesh import Mesh

HOME = LocalSubnet("wlan0", "192.168.1.10", 24)
SUBNETS = (
    HOME,
    LocalSubnet("eth0", "10.0.0.3", 16),
    LocalSubnet("eth1", "172.31.255.1", 20),
    LocalSubnet("usb0", "169.254.7.7", 16),
    LocalSubnet("lo", "127.0.0.1", 8),
    LocalSubnet("wan0", "93.184.216.34", 24),
    LocalSubnet("wan1", "172.32.0.1", 24),
    LocalSubnet("wan2", "100.64.0.1", 24),
    LocalSubnet("huge", "10.9.9.9", 8),
    LocalSubnet("tun0", "10.8.0.2", 32),
    LocalSubnet("eth0", "fe80::1%2", 64),
    LocalSubnet("eth0", "fd00::1", 64),
)


def chosen(*interfaces: str, on: bool = True) -> list[str]:
    """Return the interfaces on which phones are served."""
    found = PhoneSettings(on, interfaces).choose(SUBNETS)
    names = {subnet.host: subnet.interface for subnet in SUBNETS}
    return [names[str(address.ip)] for address in found]


@pytest.mark.parametrize(
    ("interfaces", "served"),
    [
        ((), ["wlan0", "eth0", "eth1", "usb0"]),
        (("*",), ["wlan0", "eth0", "eth1", "usb0"]),
        (("wlan*",), ["wlan0"]),
        (("eth1", "wlan0"), ["wlan0", "eth1"]),
        (("wan*",), []),
        (("huge", "tun0"), []),
        (("lo",), ["lo"]),
        (("nothing",), []),
    ],
)
def test_private_networks_alone_are_used_and_loopback_only_by_name(
    interfaces: tuple[str, ...], served: list[str]
) -> None:
    assert chosen(*interfaces) == served


def test_it_is_off_until_it_is_wanted_and_what_was_chosen_is_kept() -> None:
    replica = Mesh(3).add("Alice").replica
    assert settings(replica) == PhoneSettings(on=False)
    assert chosen(on=False) == []
    change(replica, PhonePageOrder(on=True, interfaces=("wlan0",), tls=True))
    assert settings(replica) == PhoneSettings(True, ("wlan0",), tls=True)
    change(replica, PhonePageOrder(on=False))
    assert settings(replica) == PhoneSettings(False, ("wlan0",), tls=True)


@pytest.mark.parametrize("interfaces", [("",), ("x" * 65,), ("wlan0",) * 9])
def test_what_is_no_name_of_an_interface_is_refused(interfaces: tuple[str, ...]) -> None:
    replica = Mesh(3).add("Alice").replica
    with pytest.raises(Usage):
        change(replica, PhonePageOrder(on=True, interfaces=interfaces))
    assert settings(replica) == PhoneSettings(on=False)
