"""Asks the kernel which network interfaces there are, of which kind, and which of them lead to the default route.

The kinds come from rtnetlink(7) and not from /sys/class/net: a mounted /sys shows the interfaces of the network namespace
in which it was mounted, which may be another one. Nothing here sends a packet.
"""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

log = logging.getLogger(__name__)

ANSWER_SECONDS = 1.0  # the kernel answers at once; a sandbox may not answer at all
READ_BYTES = 256 * 1024  # the kernel sends a dump in pieces of 32 KiB at most

_RTM_NEWLINK, _RTM_GETLINK, _NLMSG_ERROR, _NLMSG_DONE = 16, 18, 2, 3
_DUMP = 0x1 | 0x300  # NLM_F_REQUEST, NLM_F_DUMP
_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence number, port
_LINK = struct.Struct("=BxHiII")  # family, type of hardware, index, flags, change mask
_ATTRIBUTE = struct.Struct("=HH")  # length, type
_TYPE_MASK = 0x3FFF  # without the bits "nested" and "network byte order"
_IFLA_IFNAME, _IFLA_LINK, _IFLA_MASTER, _IFLA_LINKINFO, _IFLA_LINK_NETNSID, _IFLA_PARENT_DEV_NAME = 3, 5, 10, 18, 37, 56
_IFLA_INFO_KIND = 1
_ROUTES_IPV4, _ROUTES_IPV6 = Path("/proc/net/route"), Path("/proc/net/ipv6_route")
_ROUTE_UP, _ROUTE_REJECT = 0x1, 0x200  # RTF_UP, RTF_REJECT


class KernelLink(Struct, frozen=True):
    """An interface as the kernel describes it.

    `kind` is the name of its driver if it is a virtual one ("bridge", "veth", "wireguard"), else empty. `hardware` says
    whether a device on a bus is behind it. `hardware_type` is an ARPHRD number. `master` is the index of the bridge or bond
    that it is a port of, and `lower` of the interface that it is stacked on; `elsewhere` says that this one is in another
    network namespace.
    """

    index: int
    name: str
    kind: str = ""
    hardware: bool = False
    hardware_type: int = 1
    flags: int = 0
    master: int = 0
    lower: int = 0
    elsewhere: bool = False


def list_links() -> tuple[KernelLink, ...]:
    """Return all interfaces of this network namespace; none where the kernel does not say (another system, a sandbox)."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as asking:
            asking.settimeout(ANSWER_SECONDS)
            request = _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
            asking.send(_HEADER.pack(_HEADER.size + len(request), _RTM_GETLINK, _DUMP, 1, 0) + request)
            found: list[KernelLink] = []
            done = False
            while not done:
                links, done = parse_links(asking.recv(READ_BYTES))
                found += links
            return tuple(found)
    except (AttributeError, OSError, struct.error) as error:
        log.debug("the kinds of interfaces are not known: %s", error)
        return ()


def parse_links(data: bytes) -> tuple[list[KernelLink], bool]:
    """Return the interfaces in this piece of a dump, and whether it was the last piece."""
    found: list[KernelLink] = []
    while len(data) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(data)
        if kind in (_NLMSG_DONE, _NLMSG_ERROR) or length < _HEADER.size:
            return found, True
        if kind == _RTM_NEWLINK:
            found.append(_link(data[_HEADER.size : length]))
        data = data[_aligned(length) :]
    return found, False


def _link(message: bytes) -> KernelLink:
    _, hardware_type, index, flags, _ = _LINK.unpack_from(message)
    attributes = dict(_attributes(message[_LINK.size :]))
    info = dict(_attributes(attributes.get(_IFLA_LINKINFO, b"")))
    return KernelLink(
        index=index,
        name=_text(attributes.get(_IFLA_IFNAME, b"")),
        kind=_text(info.get(_IFLA_INFO_KIND, b"")),
        hardware=_IFLA_PARENT_DEV_NAME in attributes,
        hardware_type=hardware_type,
        flags=flags,
        master=_number(attributes.get(_IFLA_MASTER, b"")),
        lower=_number(attributes.get(_IFLA_LINK, b"")),
        elsewhere=_IFLA_LINK_NETNSID in attributes,
    )


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if length < _ATTRIBUTE.size:
            return
        yield kind & _TYPE_MASK, data[_ATTRIBUTE.size : length]
        data = data[_aligned(length) :]


def _aligned(length: int) -> int:
    return (length + 3) & ~3


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="replace")


def _number(value: bytes) -> int:
    return int(struct.unpack("=I", value)[0]) if len(value) == 4 else 0


def default_routes() -> tuple[str, ...]:
    """Return the names of the interfaces that have a default route, the preferred one first; IPv4 before IPv6."""
    routes = [*_ipv4_defaults(_read(_ROUTES_IPV4)), *_ipv6_defaults(_read(_ROUTES_IPV6))]
    return tuple(dict.fromkeys(routes))


def _ipv4_defaults(table: str) -> list[str]:
    found = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 7 and fields[1] == fields[7] == "00000000" and int(fields[3], 16) & _ROUTE_UP:
            found.append((int(fields[6]), fields[0]))
    return [name for _, name in sorted(found)]


def _ipv6_defaults(table: str) -> list[str]:
    found = []
    for line in table.splitlines():
        fields = line.split()
        if len(fields) > 9 and fields[0] == "0" * 32 and fields[1] == "00" and not int(fields[8], 16) & _ROUTE_REJECT:
            found.append((int(fields[5], 16), fields[9]))
    return [name for _, name in sorted(found)]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
