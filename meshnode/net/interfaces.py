"""Lists the addresses of this machine that a node uses, and reports when they change.

Nothing here sends a packet or needs a default route.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from enum import IntEnum
from fnmatch import fnmatchcase

import ifaddr
import trio
from msgspec import Struct

from meshnode.net.interface_choice import excluded, including, preference, used
from meshnode.net.interface_kinds import InterfaceKind, kinds_of
from meshnode.net.kernel_links import default_routes, list_links
from meshnode.net.services import LinkId
from protocol import limits

log = logging.getLogger(__name__)

POLL_SECONDS = 5.0  # if the kernel does not report changes
POLL_NOTICES_SECONDS = 60.0  # if it does; a safety net for changes it does not report
SETTLE_SECONDS = 0.2  # changes come in bursts: a link, its addresses, the end of their duplicate detection
IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_RTMGRP = 0x1 | 0x10 | 0x100  # rtnetlink(7): links, IPv4 addresses, IPv6 addresses


class LocalAddress(Struct, frozen=True, order=True):
    """An address of this machine, on the interface with this name and index.

    `scope` is that index if the address is link-local IPv6, else 0. `prefix` is the length of its subnet's prefix in bits.
    """

    interface: str
    index: int
    packed: bytes
    scope: int = 0
    prefix: int = 0

    @property
    def host(self) -> str:
        """The address as text that a socket accepts, with its scope."""
        return host_text(self.packed, self.scope)

    @property
    def is_ipv6(self) -> bool:
        return len(self.packed) == 16

    @property
    def loopback(self) -> bool:
        return ipaddress.ip_address(self.packed).is_loopback

    @property
    def link_local(self) -> bool:
        return ipaddress.ip_address(self.packed).is_link_local

    def shares_subnet(self, other: IpAddress) -> bool:
        """Whether `other` is in the subnet of this address. A prefix of 0 bits says nothing of a subnet."""
        bits = len(self.packed) * 8
        if other.version != (6 if self.is_ipv6 else 4) or not 0 < self.prefix < bits:
            return False
        own = int.from_bytes(self.packed, "big")
        return (own ^ int(other)) >> (bits - self.prefix) == 0


class Link(Struct, frozen=True):
    """One interface in use, with its addresses."""

    id: LinkId
    addresses: tuple[LocalAddress, ...]

    def reaches(self, address: IpAddress) -> bool:
        """Whether `address` is in a subnet of this interface, so that no router is on the way."""
        return any(own.shares_subnet(address) for own in self.addresses)


class Nearness(IntEnum):
    """How likely an address leads to a neighbor, the likeliest first."""

    OWN_SUBNET = 0
    ELSEWHERE = 1
    LEFT_OUT = 2
    """In the subnet of an interface that is not used: everybody's containers and tunnels have the same addresses."""


class Interfaces(Struct, frozen=True):
    """The addresses in use at one moment, the interface that others most likely share first.

    `left_out` are those of virtual interfaces that are not used because the owner has chosen none. `missing` are the
    owner's patterns to which no interface with an address belongs, and `present` the names of all interfaces.
    """

    addresses: tuple[LocalAddress, ...] = ()
    left_out: tuple[LocalAddress, ...] = ()
    missing: tuple[str, ...] = ()
    present: tuple[str, ...] = ()

    @property
    def links(self) -> tuple[Link, ...]:
        """The interfaces in use, in the same order."""
        by_interface: dict[LinkId, list[LocalAddress]] = {}
        for address in self.addresses:
            by_interface.setdefault(LinkId(address.interface, address.index), []).append(address)
        return tuple(Link(link_id, tuple(found)) for link_id, found in by_interface.items())

    @property
    def names_left_out(self) -> tuple[str, ...]:
        """The names of the interfaces that are not used, though the owner has excluded none of them."""
        return tuple(dict.fromkeys(address.interface for address in self.left_out))

    def for_others(self) -> tuple[LocalAddress, ...]:
        """Return where others reach this node, best first: routable, then link-local; loopback only if there is no other."""
        outside = [address for address in self.addresses if not address.loopback]
        outside.sort(key=lambda address: address.link_local)
        return tuple(outside or self.addresses)

    def has(self, host: str) -> bool:
        """Whether `host`, an address as text, is an address of this machine, whatever its scope."""
        plain = host.partition("%")[0]
        return any(host_text(address.packed) == plain for address in (*self.addresses, *self.left_out))

    def nearness(self, host: str) -> Nearness:
        """Return how likely `host` leads to a neighbor; a name that is no address may lead anywhere."""
        try:
            parsed = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return Nearness.ELSEWHERE
        if any(address.shares_subnet(parsed) for address in self.addresses):
            return Nearness.OWN_SUBNET
        if any(address.shares_subnet(parsed) for address in self.left_out):
            return Nearness.LEFT_OUT
        return Nearness.ELSEWHERE

    def hosts(self, host: str) -> list[str]:
        """Return `host` as it is dialed. A link-local address without a scope may be on any of our links: one for each."""
        if not host.lower().startswith("fe80:") or "%" in host:
            return [host]
        scopes = dict.fromkeys(address.scope for address in self.addresses if address.scope)
        return [f"{host}%{scope}" for scope in scopes]


def card_addresses(interfaces: Interfaces, port: int) -> tuple[tuple[str, int], ...]:
    """Return where others can reach this node, best first, as a card holds it: without scopes, and as many as fit."""
    hosts = dict.fromkeys(host_text(address.packed) for address in interfaces.for_others())
    return tuple((host, port) for host in hosts)[: limits.CARD_ADDRESSES_MAX] if port else ()


def is_loopback(host: str) -> bool:
    """Whether `host` is an address on this machine that no other machine can reach; a name counts as none."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def host_text(packed: bytes, scope: int = 0) -> str:
    """Return a packed address as text; the scope (an interface's index) follows a percent sign."""
    text = str(ipaddress.ip_address(packed))
    return f"{text}%{scope}" if scope else text


def snapshot(patterns: Collection[str] = ()) -> Interfaces:
    """Return the addresses of the interfaces that `patterns` choose (see `interface_choice`) and of loopback."""
    links = list_links()
    by_index = kinds_of(links)
    kinds = {link.name: by_index[link.index] for link in links}
    return chosen(_addresses(), kinds, default_routes(), patterns)


def chosen(
    addresses: Iterable[LocalAddress],
    kinds: Mapping[str, InterfaceKind],
    routes: tuple[str, ...],
    patterns: Collection[str],
) -> Interfaces:
    """Return what is used of `addresses`. `kinds` are by name, where known; `routes` lead out, the preferred one first."""
    found = sorted(set(addresses))
    loopback = {address.interface: InterfaceKind.LOOPBACK for address in found if address.loopback}
    kinds = {**loopback, **kinds}
    names = {address.interface for address in found}
    use = used(kinds, names, routes, patterns)
    order = preference(kinds, routes)
    found.sort(key=lambda address: (order(address.interface), address.is_ipv6, address))
    wanted = including(patterns)
    return Interfaces(
        tuple(address for address in found if address.interface in use),
        tuple(
            address
            for address in found
            if not wanted and address.interface not in use and not excluded(address.interface, patterns)
        ),
        tuple(one for one in wanted if not any(fnmatchcase(name, one) for name in names)),
        tuple(sorted(names | set(kinds))),
    )


def _addresses() -> Iterator[LocalAddress]:
    for adapter in _adapters():
        name = str(adapter.name).partition(":")[0]  # an alias ("eth0:1") is a further address of its interface
        index = adapter.index or _index(name)
        for ip in adapter.ips:
            # ifaddr returns IPv4 as text and IPv6 as (text, flow, scope).
            text, scope = (ip.ip, 0) if isinstance(ip.ip, str) else (ip.ip[0], ip.ip[2])
            parsed = ipaddress.ip_address(text.partition("%")[0])
            if not parsed.is_multicast and not parsed.is_unspecified:
                scoped = parsed.version == 6 and parsed.is_link_local
                yield LocalAddress(name, index, parsed.packed, (scope or index) if scoped else 0, ip.network_prefix)


def _index(name: str) -> int:
    try:
        return socket.if_nametoindex(name)
    except OSError:
        return 0


def _adapters() -> list[ifaddr.Adapter]:
    try:
        return list(ifaddr.get_adapters())
    except OSError as error:  # out of memory or file descriptors; the next snapshot will be right again
        log.warning("interfaces cannot be listed: %s", error)
        return []


async def watch(patterns: Collection[str], changed: Callable[[Interfaces], None]) -> None:
    """Call `changed` with a snapshot at once and whenever addresses may have changed, until cancelled.

    The same snapshot may come several times. An IPv6 address, for example, is listed before it can be used, and only a
    second notice says that it can.
    """
    changed(snapshot(patterns))
    notices = _netlink()
    try:
        while True:
            with trio.move_on_after(POLL_SECONDS if notices is None else POLL_NOTICES_SECONDS):
                await _notice(notices)
                await trio.sleep(SETTLE_SECONDS)
                _drain(notices)
            changed(snapshot(patterns))
    finally:
        if notices is not None:
            notices.close()


def _netlink() -> socket.socket | None:
    """Return a socket on which the kernel reports changed links and addresses (rtnetlink(7)); None if it has none."""
    try:
        notices = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
    except (AttributeError, OSError):
        return None
    try:
        notices.bind((0, _RTMGRP))
    except OSError:
        notices.close()
        return None
    return notices


async def _notice(notices: socket.socket | None) -> None:
    if notices is None:
        await trio.sleep_forever()
    else:
        await trio.lowlevel.wait_readable(notices)


def _drain(notices: socket.socket | None) -> None:
    """Discard the messages, since a snapshot follows. An overrun (ENOBUFS) is a notice like any other."""
    while notices is not None:
        try:
            notices.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            continue
