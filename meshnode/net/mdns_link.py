"""Multicast DNS on one network interface: announces this node there, and listens for others.

Each interface has a zeroconf instance of its own, whose sockets are bound to it. So a network hears only the addresses
that are valid on it (RFC 6762, section 14), whichever way it asks; no socket joins more than one multicast group of a
family, however many interfaces there are; and an interface that was made again under its old name is a new one.

Only whole announcements count: a packet of ours carries all its records, so nothing that a stranger sends makes this
node query for more. The listener does as little as possible in zeroconf's thread, at a bounded rate.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from ipaddress import ip_address

from zeroconf import (
    BadTypeInNameException,
    Error,
    IPVersion,
    RecordUpdate,
    RecordUpdateListener,
    ServiceInfo,
    Zeroconf,
)
from zeroconf.asyncio import AsyncZeroconf
from zeroconf.const import _TYPE_PTR, _TYPE_SRV, _TYPE_TXT

from meshnode.net.interfaces import IpAddress, Link
from meshnode.net.services import AnnouncedService, ReceivedService
from protocol import RateLimit
from protocol.wire import SERVICE_TYPE

log = logging.getLogger(__name__)

HOST_SECONDS = 120  # TTL of host records (RFC 6762, section 10)
SERVICE_SECONDS = 1200  # TTL of the others: a little longer than an announcement lives before its names change
_IP_MULTICAST_ALL, _IPV6_MULTICAST_ALL = 49, 29  # ip(7) and linux/in6.h; Python does not name them


class LinkResponder:
    """Runs zeroconf on one interface, IPv4 and IPv6. Everything happens in the event loop of zeroconf's thread.

    `received` is called with each announcement of another node; `own` are the names of our announcements on all
    interfaces, and `rate` bounds what is received on all of them.
    """

    def __init__(
        self, link: Link, received: Callable[[ReceivedService], None], own: Collection[str], rate: RateLimit
    ) -> None:
        self._link = link
        self._received = received
        self._own = own
        self._rate = rate
        self._running: AsyncZeroconf | None = None
        self._bound: set[int] = set()
        self._announced: ServiceInfo | None = None

    @property
    def announced(self) -> str:
        """The name that is announced here, in lower case; empty if none is."""
        return "" if self._announced is None else self._announced.key

    async def use(self, link: Link) -> bool:
        """Use the addresses of `link`, the same interface, from now on. Return whether all of them could be used.

        One that cannot be used yet (an address still being checked) needs another call.
        """
        self._link = link
        try:
            if self._running is None:
                self._running = AsyncZeroconf(zc=_zeroconf(_wanted(link)))
                await self._running.zeroconf.async_wait_for_start()
                listener = AnnouncementListener(
                    self._running.zeroconf, self._received, self._own, self._rate, self._reaches
                )
                self._running.zeroconf.async_add_listener(listener, None)
                if self._announced is not None:
                    await _register(self._running, self._announced)
            else:
                await self._running.async_update_interfaces(_wanted(link))
        except (OSError, RuntimeError, Error) as error:
            # An interface may vanish between being listed and being joined.
            log.info("multicast DNS on %s: %s", link.id.name, error)
            return False
        return self._bind() and not self._missing()

    async def announce(self, service: AnnouncedService | None) -> None:
        """Announce this and nothing else here. The new is sent before the old is withdrawn, so that nobody sees a gap."""
        before, self._announced = self._announced, None if service is None else _info(service)
        if self._running is None:
            return
        try:
            if self._announced is not None:
                await _register(self._running, self._announced)
            if before is not None:
                await (await self._running.async_unregister_service(before))
        except (OSError, RuntimeError, Error) as error:
            log.warning("announcing by multicast DNS on %s: %s", self._link.id.name, error)

    def repeat(self) -> None:
        """Send the announcement once more."""
        if self._running is not None and self._announced is not None:
            zeroconf = self._running.zeroconf
            zeroconf.async_send(zeroconf.generate_service_broadcast(self._announced, None))

    async def close(self) -> None:
        """Withdraw the announcement and close the sockets."""
        running, self._running = self._running, None
        if running is not None:
            try:
                await running.async_close()
            except (OSError, RuntimeError, Error) as error:
                log.info("closing multicast DNS on %s: %s", self._link.id.name, error)

    def _reaches(self, address: IpAddress) -> bool:
        """Whether `address` is in a subnet that this interface has now."""
        return self._link.reaches(address)

    def _bind(self) -> bool:
        """Bind new sockets to the interface, so that they neither hear nor answer others. Return whether none failed."""
        assert self._running is not None
        well = True
        readers = self._running.zeroconf.engine.readers
        for reader in readers:
            if reader.fileno not in self._bound and not _bind_to(reader.sock, self._link.id.name):
                well = False
        self._bound = {reader.fileno for reader in readers}
        return well

    def _missing(self) -> set[str]:
        """Return the wanted addresses, and "IPv6" for that family, which zeroconf does not use."""
        assert self._running is not None
        senders = self._running.zeroconf.engine.senders
        used = {"IPv6" if sender.is_ipv6 else str(sender.sock_name[0]) for sender in senders}
        return {"IPv6" if isinstance(one, int) else one for one in _wanted(self._link)} - used


def _wanted(link: Link) -> list[str | int]:
    """Return what zeroconf is to use: every IPv4 address, and the index of the interface if it has IPv6.

    IPv6 loopback is left out: multicast does not come back over it, and IPv4 loopback does the same work.
    """
    ipv4: list[str | int] = [address.host for address in link.addresses if not address.is_ipv6]
    ipv6 = any(address.is_ipv6 and not address.loopback for address in link.addresses)
    return [*ipv4, link.id.index] if ipv6 else ipv4


def _zeroconf(interfaces: list[str | int]) -> Zeroconf:
    try:
        return Zeroconf(interfaces=interfaces, ip_version=IPVersion.All, use_asyncio=True)
    except OSError:  # a kernel without IPv6
        ipv4: list[str | int] = [one for one in interfaces if isinstance(one, str)]
        return Zeroconf(interfaces=ipv4, ip_version=IPVersion.V4Only, use_asyncio=True)


def _bind_to(bound: socket.socket, name: str) -> bool:
    """Bind a socket to an interface; where the system forbids that, let it at least hear only the groups it has joined."""
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode() + b"\0")
    except (AttributeError, PermissionError):  # another system; Linux before 5.7 asks for a capability
        with suppress(OSError):
            bound.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        with suppress(OSError):
            bound.setsockopt(socket.IPPROTO_IPV6, _IPV6_MULTICAST_ALL, 0)
    except OSError as error:  # the interface is gone
        log.info("multicast DNS on %s: %s", name, error)
        return False
    return True


async def _register(running: AsyncZeroconf, info: ServiceInfo) -> None:
    # The names are random. Asking the network whether they are taken would take 1.2 s.
    await (await running.async_register_service(info, cooperating_responders=True))


def _info(service: AnnouncedService) -> ServiceInfo:
    return ServiceInfo(
        SERVICE_TYPE,
        service.instance,
        port=service.port,
        server=service.host,
        properties=dict(service.txt),
        addresses=list(service.addresses),
        host_ttl=HOST_SECONDS,
        other_ttl=SERVICE_SECONDS,
    )


class AnnouncementListener(RecordUpdateListener):
    """Passes on announcements of our service type; repeated ones too, since they tell the dialer that a node is there.

    Of their addresses it passes on those that the interface `reaches` by itself: a neighbor is on the same network, and
    others would lead this node to somebody else.
    """

    def __init__(
        self,
        zeroconf: Zeroconf,
        received: Callable[[ReceivedService], None],
        own: Collection[str],
        rate: RateLimit,
        reaches: Callable[[IpAddress], bool],
    ) -> None:
        self._reaches = reaches
        self._zeroconf = zeroconf
        self._received = received
        self._own = own
        self._updated: set[str] = set()
        self._rate = rate

    def async_update_records(self, zc: Zeroconf, now: float, records: list[RecordUpdate]) -> None:
        """Note the names of services whose records came; the cache does not have the records yet."""
        del zc
        for update in records:
            record = update.new
            if record.is_expired(now):
                continue  # withdrawn
            if record.type == _TYPE_PTR and record.key == SERVICE_TYPE:
                self._updated.add(getattr(record, "alias", ""))
            elif record.type in (_TYPE_SRV, _TYPE_TXT) and record.key.endswith("." + SERVICE_TYPE):
                self._updated.add(record.name)

    def async_update_records_complete(self) -> None:
        """Pass on the announcements that are now whole. Beyond the rate limit they are dropped before they cost more."""
        updated, self._updated = self._updated, set()
        for name in sorted(updated):
            if name and name.lower() not in self._own and self._rate.spend(1, time.monotonic()):
                service = self._whole(name)
                if service is not None:
                    self._received(service)

    def _whole(self, name: str) -> ReceivedService | None:
        """Return the announcement if the cache has all of it."""
        try:
            info = ServiceInfo(SERVICE_TYPE, name)
        except BadTypeInNameException:
            return None
        if not info.load_from_cache(self._zeroconf) or not info.port:
            return None
        addresses = []
        for address in info.ip_addresses_by_version(IPVersion.All):
            scope = int(getattr(address, "scope_id", None) or 0)
            # A link-local IPv6 address cannot be dialed without its interface.
            dialable = address.version == 4 or scope or not address.is_link_local
            if dialable and self._reaches(ip_address(address.packed)):
                addresses.append((address.packed, scope if address.is_link_local else 0))
        if not addresses:
            return None
        return ReceivedService(name, tuple(addresses), info.port, dict(info.properties))
