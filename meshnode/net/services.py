"""A service of multicast DNS, as this node announces it and as it receives one; independent of zeroconf and trio."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class LinkId(Struct, frozen=True, order=True):
    """Names a network interface: the same name with another index is another interface."""

    name: str
    index: int


class AnnouncedService(Struct, frozen=True):
    """A service to announce: absolute DNS names, packed addresses, and the fields of the TXT record."""

    instance: str
    host: str
    addresses: tuple[bytes, ...]
    port: int
    txt: Mapping[bytes, bytes]


class ReceivedService(Struct, frozen=True):
    """A service as received: packed addresses, each with its scope (the index of the interface it came by) or 0."""

    instance: str
    addresses: tuple[tuple[bytes, int], ...]
    port: int
    txt: Mapping[bytes, bytes | None]
