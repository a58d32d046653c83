"""The side of multicast DNS that lives with zeroconf: registering, and an ear that hears whole announcements.

Only whole announcements count: a packet of ours carries all its records, so nothing a stranger sends makes this node
ask anybody for more. The ear does the least it can in zeroconf's thread, at a bounded rate.
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
from protocol import limits
from protocol.wire import SERVICE_TYPE

log = logging.getLogger(__name__)

HOST_SECONDS = 120  # TTL of host records (RFC 6762, section 10)
SERVICE_SECONDS = 1200  # TTL of the others: a little longer than an announcement lives before its names change


class Engine:
    """zeroconf on the interfaces it is told to use, IPv4 and IPv6. Every method may block for a second or so."""

    def __init__(self, hear: Callable[[ReceivedService], None]) -> None:
        # It warns of packets that a neighbor got wrong, and of every interface that came and went.
        logging.getLogger("zeroconf").setLevel(logging.CRITICAL)
        try:
            self._zeroconf = Zeroconf(interfaces=[], ip_version=IPVersion.All, use_asyncio=False)
        except OSError:  # a kernel without IPv6
            self._zeroconf = Zeroconf(interfaces=[], ip_version=IPVersion.V4Only, use_asyncio=False)
        self._ear = AnnouncementListener(self._zeroconf, hear)
        self._zeroconf.add_listener(self._ear, None)
        self._said: ServiceInfo | None = None

    def use(self, interfaces: list[str | int]) -> None:
        """Join and leave. What cannot be joined now (an address still being checked) is tried again at the next call."""
        try:
            self._zeroconf.update_interfaces(interfaces)
        except (OSError, RuntimeError, Error) as error:
            # An interface may vanish between being listed and being joined.
            log.info("interfaces for multicast DNS: %s", error)

    def announce(self, service: AnnouncedService | None) -> None:
        """Announce this and nothing else. The new comes before the goodbye of the old: no contact sees a gap."""
        before, self._said = self._said, None if service is None else _info(service)
        self._ear.own = self._said.key if self._said is not None else ""
        try:
            if self._said is not None:
                # The names are random, so nobody need be asked whether they are taken, which would take 1.2 s.
                self._zeroconf.register_service(self._said, cooperating_responders=True)
            if before is not None:
                self._zeroconf.unregister_service(before)
        except (OSError, RuntimeError, Error) as error:
            log.warning("announcing by multicast DNS: %s", error)

    def repeat(self) -> None:
        """Send the announcement once more; does not block."""
        if self._said is not None:
            try:
                self._zeroconf.send(self._zeroconf.generate_service_broadcast(self._said, None))
            except RuntimeError:
                log.debug("multicast DNS is closing")

    def close(self) -> None:
        """Say goodbye and end zeroconf's thread."""
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
    """Hears announcements of our service type, known ones as well as new ones: to be heard again is news to a dialer."""

    def __init__(self, zeroconf: Zeroconf, hear: Callable[[ReceivedService], None]) -> None:
        self.own = ""
        self._zeroconf = zeroconf
        self._hear = hear
        self._touched: set[str] = set()
        self._second = 0
        self._left = 0

    def async_update_records(self, zc: Zeroconf, now: float, records: list[RecordUpdate]) -> None:
        """Note whose records came; the cache does not have them yet."""
        del zc
        for update in records:
            record = update.new
            if record.is_expired(now):
                continue  # a goodbye
            if record.type == _TYPE_PTR and record.key == SERVICE_TYPE:
                self._touched.add(getattr(record, "alias", ""))
            elif record.type in (_TYPE_SRV, _TYPE_TXT) and record.key.endswith("." + SERVICE_TYPE):
                self._touched.add(record.name)

    def async_update_records_complete(self) -> None:
        """Pass on what is now whole."""
        touched, self._touched = self._touched, set()
        for name in sorted(touched):
            if name and name.lower() != self.own and self._may_go_on() and (heard := self._whole(name)) is not None:
                self._hear(heard)

    def _may_go_on(self) -> bool:
        """So many a second; a flood's rest is lost here, before it costs more than its own parsing."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._left = second, limits.MDNS_HEARD_PER_SECOND
        self._left -= 1
        return self._left >= 0

    def _whole(self, name: str) -> ReceivedService | None:
        try:
            info = ServiceInfo(SERVICE_TYPE, name)
        except BadTypeInNameException:
            return None
        if not info.load_from_cache(self._zeroconf) or not info.port:
            return None
        addresses = []
        for address in info.ip_addresses_by_version(IPVersion.All):
            scope = int(getattr(address, "scope_id", None) or 0)
            # Link-local IPv6 without its interface leads nowhere.
            if address.version == 4 or scope or not address.is_link_local:
                addresses.append((address.packed, scope if address.is_link_local else 0))
        if not addresses:
            return None
        return ReceivedService(name, tuple(addresses), info.port, dict(info.properties))
