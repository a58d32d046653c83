"""Reads the address of another node in a request."""

from __future__ import annotations

from meshnode.config import DEFAULT_PORT, parse_address
from meshnode.errors import Usage


def parsed(text: str) -> tuple[str, int]:
    """Return the host and port in `text`; without a port the default port is meant. Raises Usage if it has neither."""
    try:
        return parse_address(text, default_port=DEFAULT_PORT)
    except ValueError as error:
        raise Usage(str(error), "such as 192.168.1.20:4747") from None
