"""Lists the addresses of this machine and reports when they change.

Nothing here sends a packet or needs a default route.
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

POLL_SECONDS = 5.0  # if the kernel does not report changes
POLL_NOTICES_SECONDS = 60.0  # if it does; a safety net for changes it does not report
SETTLE_SECONDS = 0.2  # changes come in bursts: a link, its addresses, the end of their duplicate detection
_RTMGRP = 0x1 | 0x10 | 0x100  # rtnetlink(7): links, IPv4 addresses, IPv6 addresses


@dataclass(frozen=True, slots=True, order=True)
class LocalAddress:
    """An address of this machine. `scope` is the interface's index if the address is link-local IPv6, else 0."""

    interface: str
    index: int
    packed: bytes
    scope: int = 0

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


@dataclass(frozen=True, slots=True)
class Interfaces:
    """The addresses in use at one moment, in a fixed order."""

    addresses: tuple[LocalAddress, ...] = ()

    def for_multicast(self) -> list[str | int]:
        """Return what zeroconf is to use: every IPv4 address, and the index of every interface that has IPv6.

        IPv6 loopback is left out: multicast does not come back over it, and IPv4 loopback does the same work.
        """
        ipv4: list[str | int] = [address.host for address in self.addresses if not address.is_ipv6]
        return [
            *ipv4,
            *sorted({address.index for address in self.addresses if address.is_ipv6 and not address.loopback}),
        ]

    def for_others(self) -> tuple[LocalAddress, ...]:
        """Return where others reach this node, best first: routable, then link-local; loopback only if there is no other."""
        outside = [address for address in self.addresses if not address.loopback]
        outside.sort(key=lambda address: address.link_local)
        return tuple(outside or self.addresses)

    def has(self, host: str) -> bool:
        """Whether `host`, an address as text, is an address of this machine, whatever its scope."""
        return host.partition("%")[0] in {host_text(address.packed) for address in self.addresses}

    def hosts(self, host: str) -> list[str]:
        """Return `host` as it is dialed. A link-local address without a scope may be on any of our links: one for each."""
        if not host.lower().startswith("fe80:") or "%" in host:
            return [host]
        scopes = sorted({address.scope for address in self.addresses if address.scope})
        return [f"{host}%{scope}" for scope in scopes]


def host_text(packed: bytes, scope: int = 0) -> str:
    """Return a packed address as text; the scope (an interface's index) follows a percent sign."""
    text = str(ipaddress.ip_address(packed))
    return f"{text}%{scope}" if scope else text


def snapshot(only: Collection[str] = ()) -> Interfaces:
    """Return the addresses of the interfaces named in `only` (none named: of all), and of loopback in any case."""
    found: set[LocalAddress] = set()
    for adapter in _adapters():
        for ip in adapter.ips:
            # ifaddr returns IPv4 as text and IPv6 as (text, flow, scope).
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
    except OSError as error:  # out of memory or file descriptors; the next snapshot will be right again
        log.warning("interfaces cannot be listed: %s", error)
        return []


async def watch(only: Collection[str], changed: Callable[[Interfaces], None]) -> None:
    """Call `changed` with a snapshot at once and whenever addresses may have changed, until cancelled.

    The same snapshot may come several times. An IPv6 address, for example, is listed before it can be used, and only a
    second notice says that it can.
    """
    changed(snapshot(only))
    notices = _netlink()
    try:
        while True:
            with trio.move_on_after(POLL_SECONDS if notices is None else POLL_NOTICES_SECONDS):
                await _notice(notices)
                await trio.sleep(SETTLE_SECONDS)
                _drain(notices)
            changed(snapshot(only))
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
