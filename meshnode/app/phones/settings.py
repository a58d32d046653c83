"""Decides whether the page is served to phones, on which networks, and how; all of it survives a restart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fnmatch import fnmatchcase
from ipaddress import IPv4Interface, IPv4Network

from msgspec import Struct
from msgspec.structs import asdict

from meshnode.errors import Usage
from meshnode.replica.replica import Replica

PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16")))
"""Addresses that lead nowhere outside of a home (RFC 1918, RFC 3927). IPv6 is left out: its addresses at home are public."""
PREFIX_MIN = 16  # bits; a subnet with more than 65,536 addresses is no home network
INTERFACES_MAX = 8
PATTERN_MAX = 64  # letters; the name of an interface has 15
ANY = "*"  # the pattern for all private networks, as at first; loopback has to be named
_SETTINGS = "phone_page"  # in the store's small values
_PORT = "phone_page_port"


class LocalSubnet(Struct, frozen=True):
    """An address of this computer as text, the interface that has it, and the length of its subnet's prefix in bits."""

    interface: str
    host: str
    prefix: int


class PhonePageOrder(Struct, frozen=True):
    """Whether phones may use your page, on which interfaces (patterns; none: all private ones), and whether by TLS.

    What is null stays as it is.
    """

    on: bool
    interfaces: tuple[str, ...] | None = None
    tls: bool | None = None


class PhoneSettings(Struct, frozen=True):
    """The settings as they are kept. `interfaces` are patterns of names."""

    on: bool = False
    interfaces: tuple[str, ...] = ()
    tls: bool = False

    @property
    def scheme(self) -> str:
        """The scheme of the page's address."""
        return "https" if self.tls else "http"

    def choose(self, subnets: Sequence[LocalSubnet]) -> tuple[IPv4Interface, ...]:
        """Return the addresses on which the page is to be served to phones, best first; none while it is off."""
        return tuple(found for one in subnets if self.on and (found := self._usable(one)) is not None)

    def _usable(self, subnet: LocalSubnet) -> IPv4Interface | None:
        """Return the address of a private subnet that the settings let phones use. Loopback has to be named."""
        if ":" in subnet.host:
            return None
        address = IPv4Interface(f"{subnet.host}/{subnet.prefix}")
        fitting = [pattern for pattern in self.interfaces if fnmatchcase(subnet.interface, pattern)]
        if self.interfaces and not fitting:
            return None
        if address.ip.is_loopback:
            return address if any(pattern != ANY for pattern in fitting) else None
        private = any(address.ip in network for network in PRIVATE)
        return address if private and PREFIX_MIN <= subnet.prefix < address.max_prefixlen else None


def settings(replica: Replica) -> PhoneSettings:
    """Return the settings; phones are kept out until the owner says otherwise."""
    kept = replica.store.meta.get(_SETTINGS)
    if kept is None:
        return PhoneSettings()
    found = json.loads(kept)
    return PhoneSettings(found["on"], tuple(found["interfaces"]), found["tls"])


def change(replica: Replica, order: PhonePageOrder) -> PhoneSettings:
    """Keep what the owner has decided, and return it. Raises Usage if a pattern cannot be that of an interface."""
    before = settings(replica)
    interfaces = before.interfaces if order.interfaces is None else order.interfaces
    if len(interfaces) > INTERFACES_MAX or any(not 0 < len(one) <= PATTERN_MAX for one in interfaces):
        raise Usage("these are not names of network interfaces", "name one as the system does, such as wlan0")
    after = PhoneSettings(order.on, interfaces, before.tls if order.tls is None else order.tls)
    replica.store.meta.set(_SETTINGS, json.dumps(asdict(after)))
    return after


def kept_port(replica: Replica) -> int | None:
    """Return the port at which phones found the page last."""
    kept = replica.store.meta.get(_PORT)
    return None if kept is None else int(kept)


def keep_port(replica: Replica, port: int) -> None:
    """Keep the port, which phones have in their bookmarks."""
    replica.store.meta.set(_PORT, str(port))
