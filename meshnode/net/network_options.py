"""The settings of the network side of a node."""

from __future__ import annotations

from msgspec import Struct

from meshnode.net.address import Address
from meshnode.net.discovery import MdnsMode
from protocol import limits


class NetworkOptions(Struct, frozen=True):
    """The owner's settings, and the number of sessions.

    They are a port (0: any), patterns of interfaces (none: by kind), multicast DNS, and addresses of peers.
    """

    port: int = 0
    interfaces: tuple[str, ...] = ()
    mdns: MdnsMode = MdnsMode.ON
    peers: tuple[Address, ...] = ()
    sessions: int = limits.SESSIONS_MAX
