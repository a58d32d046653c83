"""Addresses in cards and device codes: an IP address and a TCP port, packed into few bytes."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TypeAlias

from protocol.errors import Code, InvalidField, RemoteError
from protocol.fields import check_number

Addresses: TypeAlias = tuple[tuple[str, int], ...]
"""IP addresses as text, each with a TCP port."""

_ADDRESS_BYTES = {4: 4, 6: 16}


def plain(host: str, port: int) -> tuple[str, int]:
    """Return the address in its one text form, without its zone. InvalidField if it cannot be that of one machine."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        raise InvalidField("address", "must be an IPv4 or IPv6 address") from None
    if address.is_unspecified or address.is_multicast:
        raise InvalidField("address", "must be that of one machine")
    check_number("port", port, 1, 0xFFFF)
    return str(address), port


def packed(addresses: Addresses) -> bytes:
    """Pack each address as its IP version (1 byte), the address (4 or 16 bytes) and the port (2 bytes), big endian."""
    return b"".join(_packed(host, port) for host, port in addresses)


def unpacked(data: bytes) -> Addresses:
    """Return the addresses in bytes that `packed` made. RemoteError CARD_MALFORMED if one is cut short."""
    addresses = []
    while data:
        length = _ADDRESS_BYTES.get(data[0], 0)
        entry, data = data[: 1 + length + 2], data[1 + length + 2 :]
        if not length or len(entry) != 1 + length + 2:
            raise RemoteError(Code.CARD_MALFORMED, "an address is cut short")
        addresses.append((str(ip_address(entry[1 : 1 + length])), int.from_bytes(entry[1 + length :], "big")))
    return tuple(addresses)


def _packed(host: str, port: int) -> bytes:
    address = ip_address(host)
    return bytes([address.version]) + address.packed + port.to_bytes(2, "big")
