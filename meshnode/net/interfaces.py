"""Which addresses this machine has right now, and when that changes.

Nothing here sends a packet: no address is learned by connecting somewhere, so no default route is needed.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass

import ifaddr
import trio

log = logging.getLogger(__name__)

POLL_SECONDS = 5.0  # where the kernel does not tell
POLL_TOLD_SECONDS = 60.0  # where it does; a safety net for what it does not tell about
SETTLE_SECONDS = 0.2  # changes come in bursts: a link, then its addresses, then their duplicate detection
_RTMGRP = 0x1 | 0x10 | 0x100  # rtnetlink(7): links, IPv4 addresses, IPv6 addresses


@dataclass(frozen=True, slots=True, order=True)
class LocalAddress:
    """An address of this machine. `scope` is the interface's index where the address is link-local IPv6, else 0."""

    interface: str
    index: int
    packed: bytes
    scope: int = 0

    @property
    def host(self) -> str:
        """The address as text that a socket takes, with its scope."""
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


@dataclass(frozen=True, slots=True)
class Interfaces:
    """The addresses in use at one moment, in a fixed order."""

    addresses: tuple[LocalAddress, ...] = ()

    def for_multicast(self) -> list[str | int]:
        """What zeroconf is to use: every IPv4 address, and by its index every interface that has IPv6.

        IPv6 loopback is left out: multicast does not come back over it, and IPv4 loopback does the same work.
        """
        ipv4: list[str | int] = [address.host for address in self.addresses if not address.is_ipv6]
        return [
            *ipv4,
            *sorted({address.index for address in self.addresses if address.is_ipv6 and not address.loopback}),
        ]

    def for_others(self) -> tuple[LocalAddress, ...]:
        """Where others reach this node, best first: routable, then link-local; loopback only where there is no other."""
        outside = [address for address in self.addresses if not address.loopback]
        outside.sort(key=lambda address: address.link_local)
        return tuple(outside or self.addresses)

    def has(self, host: str) -> bool:
        """Whether `host`, an address as text, is one of this machine's, whatever its scope."""
        return host.partition("%")[0] in {host_text(address.packed) for address in self.addresses}

    def hosts(self, host: str) -> list[str]:
        """`host` as it is dialed. A link-local address without a scope may be on any of our links: once for each."""
        if not host.lower().startswith("fe80:") or "%" in host:
            return [host]
        scopes = sorted({address.scope for address in self.addresses if address.scope})
        return [f"{host}%{scope}" for scope in scopes]


def host_text(packed: bytes, scope: int = 0) -> str:
    """A packed address as text; the scope (an interface's index) is written behind a percent sign."""
    text = str(ipaddress.ip_address(packed))
    return f"{text}%{scope}" if scope else text


def snapshot(only: Collection[str] = ()) -> Interfaces:
    """The addresses of the interfaces named in `only` (none named: of all), and of loopback in any case."""
    found: set[LocalAddress] = set()
    for adapter in _adapters():
        for ip in adapter.ips:
            # ifaddr gives IPv4 as text and IPv6 as (text, flow, scope).
            text, scope = (ip.ip, 0) if isinstance(ip.ip, str) else (ip.ip[0], ip.ip[2])
            parsed = ipaddress.ip_address(text.partition("%")[0])
            if parsed.is_multicast or parsed.is_unspecified:
                continue
            if only and str(adapter.name) not in only and not parsed.is_loopback:
                continue
            index = adapter.index or 0
            scoped = parsed.version == 6 and parsed.is_link_local
            found.add(LocalAddress(str(adapter.name), index, parsed.packed, (scope or index) if scoped else 0))
    return Interfaces(tuple(sorted(found)))


def _adapters() -> list[ifaddr.Adapter]:
    try:
        return list(ifaddr.get_adapters())
    except OSError as error:  # out of memory or descriptors: a network that seems gone comes back with the next look
        log.warning("interfaces cannot be listed: %s", error)
        return []


async def watch(only: Collection[str], tell: Callable[[Interfaces], None]) -> None:
    """Call `tell` with a snapshot at once and whenever something may have changed, until cancelled.

    The same snapshot may come several times: an IPv6 address, for one, is listed before it can be used, and only a
    second notice says that it can.
    """
    tell(snapshot(only))
    told = _netlink()
    try:
        while True:
            with trio.move_on_after(POLL_SECONDS if told is None else POLL_TOLD_SECONDS):
                await _notice(told)
                await trio.sleep(SETTLE_SECONDS)
                _drain(told)
            tell(snapshot(only))
    finally:
        if told is not None:
            told.close()


def _netlink() -> socket.socket | None:
    """A socket on which the kernel tells of changed links and addresses (rtnetlink(7)); None where there is none."""
    try:
        told = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
    except (AttributeError, OSError):
        return None
    try:
        told.bind((0, _RTMGRP))
    except OSError:
        told.close()
        return None
    return told


async def _notice(told: socket.socket | None) -> None:
    if told is None:
        await trio.sleep_forever()
    else:
        await trio.lowlevel.wait_readable(told)


def _drain(told: socket.socket | None) -> None:
    """What the messages say does not matter: a snapshot follows. An overrun (ENOBUFS) is a notice like any other."""
    while told is not None:
        try:
            told.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            continue
