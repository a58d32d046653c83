"""The settings of the network side of a node."""

from __future__ import annotations

from dataclasses import dataclass

from meshnode.net.address import Address
from meshnode.net.discovery import MdnsMode
from protocol import limits


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """The owner's settings, and the number of sessions.

    They are a port (0: any), patterns of interfaces (none: by kind), multicast DNS, and addresses of peers.
    """

    port: int = 0
    interfaces: tuple[str, ...] = ()
    mdns: MdnsMode = MdnsMode.ON
    peers: tuple[Address, ...] = ()
    sessions: int = limits.SESSIONS_MAX
