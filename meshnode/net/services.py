"""A service of multicast DNS: as this node announces it, and as it hears one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AnnouncedService:
    """What to announce: absolute DNS names, packed addresses, and the fields of the TXT record."""

    instance: str
    host: str
    addresses: tuple[bytes, ...]
    port: int
    txt: Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class ReceivedService:
    """An announcement as heard: packed addresses, each with the scope (interface index) it was heard on, or 0."""

    instance: str
    addresses: tuple[tuple[bytes, int], ...]
    port: int
    txt: Mapping[bytes, bytes | None]
