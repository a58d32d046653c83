"""What this machine's addresses are used for."""

from __future__ import annotations

import ipaddress

from meshnode.net.interfaces import Interfaces, LocalAddress, host_text, snapshot


def at(interface: str, text: str, index: int = 2) -> LocalAddress:
    """An address as `snapshot` finds it."""
    parsed = ipaddress.ip_address(text)
    scope = index if parsed.version == 6 and parsed.is_link_local else 0
    return LocalAddress(interface, index, parsed.packed, scope)


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


def test_multicast_goes_out_by_every_ipv4_address_and_by_the_index_of_each_ipv6_interface() -> None:
    assert Interfaces((*LOOPBACK, *HOME)).for_multicast() == ["127.0.0.1", "192.168.1.7", 2]


def test_others_are_told_routable_addresses_before_link_local_ones_and_never_loopback() -> None:
    hosts = [address.host for address in Interfaces((*LOOPBACK, *HOME)).for_others()]
    assert hosts[-1] == "fe80::7%2"
    assert set(hosts) == {"192.168.1.7", "fd00::7", "fe80::7%2"}


def test_where_there_is_nothing_but_loopback_nodes_of_one_machine_are_told_that() -> None:
    assert Interfaces(LOOPBACK).for_others() == LOOPBACK
