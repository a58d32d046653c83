"""What this machine's addresses are used for."""

from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from meshnode.net.interfaces import Interfaces, LocalAddress, Nearness, host_text, snapshot


def at(interface: str, text: str, index: int = 2) -> LocalAddress:
    """An address as `snapshot` finds it; the length of its prefix may follow a slash."""
    parsed = ipaddress.ip_interface(text)
    scope = index if parsed.version == 6 and parsed.is_link_local else 0
    prefix = parsed.network.prefixlen if "/" in text else 0
    return LocalAddress(interface, index, parsed.ip.packed, scope, prefix)


LOOPBACK = (at("lo", "127.0.0.1", 1), at("lo", "::1", 1))
HOME = (at("eth0", "192.168.1.7"), at("eth0", "fe80::7"), at("eth0", "fd00::7"))


def test_loopback_is_found_and_can_be_dialed() -> None:
    hosts = [address.host for address in snapshot().addresses]
    assert "127.0.0.1" in hosts


def test_loopback_is_always_among_the_chosen_interfaces() -> None:
    assert {address.loopback for address in snapshot(["no-such-interface"]).addresses} == {True}


def test_a_link_local_address_is_written_with_the_scope_it_is_good_for() -> None:
    assert at("eth0", "fe80::7").host == "fe80::7%2"
    assert host_text(ipaddress.ip_address("192.168.1.7").packed) == "192.168.1.7"


def test_others_are_told_routable_addresses_before_link_local_ones_and_never_loopback() -> None:
    hosts = [address.host for address in Interfaces((*LOOPBACK, *HOME)).for_others()]
    assert hosts[-1] == "fe80::7%2"
    assert set(hosts) == {"192.168.1.7", "fd00::7", "fe80::7%2"}


def test_where_there_is_nothing_but_loopback_nodes_of_one_machine_are_told_that() -> None:
    assert Interfaces(LOOPBACK).for_others() == LOOPBACK


def test_an_address_is_near_in_the_subnet_of_an_interface_in_use_and_last_in_that_of_one_left_out() -> None:
    interfaces = Interfaces(
        (at("wlan0", "192.168.1.7/24"), at("wlan0", "fe80::7/64"), *LOOPBACK), (at("docker0", "172.17.0.1/16", 5),)
    )
    expected = {
        "192.168.1.200": Nearness.OWN_SUBNET,
        "fe80::9%2": Nearness.OWN_SUBNET,
        "192.168.2.1": Nearness.ELSEWHERE,
        "2001:db8::1": Nearness.ELSEWHERE,
        "pi.local": Nearness.ELSEWHERE,
        "172.17.0.1": Nearness.LEFT_OUT,
        "172.17.3.4": Nearness.LEFT_OUT,
    }
    assert {host: interfaces.nearness(host) for host in expected} == expected


@given(st.integers(0, 2**32 - 1), st.integers(1, 31), st.integers(0, 2**32 - 1))
def test_a_subnet_holds_what_the_standard_library_says(own: int, prefix: int, other: int) -> None:
    mine, theirs = ipaddress.IPv4Address(own), ipaddress.IPv4Address(other)
    address = LocalAddress("eth0", 2, mine.packed, 0, prefix)
    assert address.shares_subnet(theirs) == (theirs in ipaddress.ip_network((mine, prefix), strict=False))


def test_addresses_of_interfaces_left_out_are_still_this_machines_own() -> None:
    interfaces = Interfaces((at("wlan0", "192.168.1.7/24"),), (at("docker0", "172.17.0.1/16", 5),))
    assert interfaces.has("172.17.0.1")
    assert not interfaces.has("172.17.0.2")


def test_the_same_name_with_another_index_is_another_link() -> None:
    links = Interfaces((at("eth0", "192.168.1.7", 2), at("eth0", "192.168.1.7", 9))).links
    assert [(link.id.name, link.id.index) for link in links] == [("eth0", 2), ("eth0", 9)]


def test_a_link_local_address_of_a_card_is_dialed_on_each_interface_in_use() -> None:
    interfaces = Interfaces((at("eth0", "fe80::7"), at("wlan0", "fe80::8", 5)), (at("docker0", "fe80::9", 6),))
    assert interfaces.hosts("fe80::1") == ["fe80::1%2", "fe80::1%5"]
    assert interfaces.hosts("fe80::1%5") == ["fe80::1%5"]
    assert interfaces.hosts("192.168.1.1") == ["192.168.1.1"]
