"""The address of a node in the network: a host and a TCP port."""

from __future__ import annotations

from typing import NamedTuple


class Address(NamedTuple):
    """A host as text, with its scope if it has one, and a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
