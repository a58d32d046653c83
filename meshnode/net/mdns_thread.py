"""The part of multicast DNS that runs in zeroconf's thread: registers our announcement and listens for others.

Only whole announcements count: a packet of ours carries all its records, so nothing that a stranger sends makes this
node query for more. The listener does as little as possible in zeroconf's thread, at a bounded rate.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from zeroconf import (
    BadTypeInNameException,
    Error,
    IPVersion,
    RecordUpdate,
    RecordUpdateListener,
    ServiceInfo,
    Zeroconf,
)
from zeroconf.const import _TYPE_PTR, _TYPE_SRV, _TYPE_TXT

from meshnode.net.services import AnnouncedService, ReceivedService
from protocol import RateLimit, limits
from protocol.wire import SERVICE_TYPE

log = logging.getLogger(__name__)

HOST_SECONDS = 120  # TTL of host records (RFC 6762, section 10)
SERVICE_SECONDS = 1200  # TTL of the others: a little longer than an announcement lives before its names change


class Engine:
    """Runs zeroconf on the interfaces it is given, IPv4 and IPv6. Methods may block for about a second, but for `repeat`.

    `received` is called in zeroconf's thread with each announcement of another node.
    """

    def __init__(self, received: Callable[[ReceivedService], None]) -> None:
        # zeroconf warns about every malformed packet of a neighbor and every interface that comes and goes.
        logging.getLogger("zeroconf").setLevel(logging.CRITICAL)
        try:
            self._zeroconf = Zeroconf(interfaces=[], ip_version=IPVersion.All, use_asyncio=False)
        except OSError:  # a kernel without IPv6
            self._zeroconf = Zeroconf(interfaces=[], ip_version=IPVersion.V4Only, use_asyncio=False)
        self._listener = AnnouncementListener(self._zeroconf, received)
        self._zeroconf.add_listener(self._listener, None)
        self._announced: ServiceInfo | None = None

    def use(self, interfaces: list[str | int]) -> None:
        """Use exactly these interfaces. One that cannot be used yet (an address still being checked) needs another call."""
        try:
            self._zeroconf.update_interfaces(interfaces)
        except (OSError, RuntimeError, Error) as error:
            # An interface may vanish between being listed and being joined.
            log.info("interfaces for multicast DNS: %s", error)

    def announce(self, service: AnnouncedService | None) -> None:
        """Announce this and nothing else. The new is sent before the old is withdrawn, so that no contact sees a gap."""
        before, self._announced = self._announced, None if service is None else _info(service)
        self._listener.own = self._announced.key if self._announced is not None else ""
        try:
            if self._announced is not None:
                # The names are random. Asking the network whether they are taken would take 1.2 s.
                self._zeroconf.register_service(self._announced, cooperating_responders=True)
            if before is not None:
                self._zeroconf.unregister_service(before)
        except (OSError, RuntimeError, Error) as error:
            log.warning("announcing by multicast DNS: %s", error)

    def repeat(self) -> None:
        """Send the announcement once more, without blocking."""
        if self._announced is not None:
            try:
                self._zeroconf.send(self._zeroconf.generate_service_broadcast(self._announced, None))
            except RuntimeError:
                log.debug("multicast DNS is closing")

    def close(self) -> None:
        """Withdraw the announcement and end zeroconf's thread."""
        try:
            self._zeroconf.close()
        except (OSError, RuntimeError, Error) as error:
            log.info("closing multicast DNS: %s", error)


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
    """Passes on announcements of our service type; repeated ones too, since they tell the dialer that a node is there."""

    def __init__(self, zeroconf: Zeroconf, received: Callable[[ReceivedService], None]) -> None:
        self.own = ""
        self._zeroconf = zeroconf
        self._received = received
        self._updated: set[str] = set()
        self._rate = RateLimit(limits.MDNS_HEARD_PER_SECOND, seconds=1.0)

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
            if name and name.lower() != self.own and self._rate.spend(1, time.monotonic()):
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
            if address.version == 4 or scope or not address.is_link_local:
                addresses.append((address.packed, scope if address.is_link_local else 0))
        if not addresses:
            return None
        return ReceivedService(name, tuple(addresses), info.port, dict(info.properties))
