"""Says of each network interface whether it leads to a real network, by its kind and never by its name.

The kinds decide which interfaces are used if the owner has not chosen any: see `interface_choice`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum

from meshnode.net.kernel_links import KernelLink

LOOPBACK_FLAG = 0x8  # IFF_LOOPBACK, netdevice(7)


class InterfaceKind(IntEnum):
    """The kinds of interfaces, those that most likely have neighbors on them first."""

    LAN = 0
    """A network card, or an interface made of network cards: a VLAN, a bond, a bridge with a card among its ports."""
    CABLE = 1
    """A virtual cable that leads out of this machine, as a container has it, or a kind that is not known."""
    VIRTUAL = 2
    """A network inside of this machine: a bridge for containers or virtual machines, a dummy."""
    TUNNEL = 3
    """A way through another network: a VPN, a tunnel."""
    LOOPBACK = 4


STACKED = frozenset({"vlan", "macvlan", "ipvlan", "macsec", "macvtap", "ipvtap", "virt_wifi"})  # as what they are on
BUNDLES = frozenset({"bond", "team", "hsr", "dsa"})  # made of network cards
INSIDE = frozenset({"dummy", "ifb", "vrf", "nlmon", "openvswitch", "netdevsim"})
TUNNELS = frozenset(
    {
        "amt", "bareudp", "erspan", "geneve", "gre", "gretap", "gtp", "ip6erspan", "ip6gre", "ip6gretap", "ip6tnl",
        "ipip", "l2tp", "ovpn", "ovpn-dco", "ppp", "sit", "tun", "vti", "vti6", "vxlan", "wireguard", "xfrm",
    }
)  # fmt: skip
# Kinds of hardware (ARPHRD) that only tunnels have: PPP, 6to4 and the like, and those without a link layer.
TUNNEL_HARDWARE = frozenset({512, 768, 769, 776, 777, 778, 823, 65534})


def kinds_of(links: Iterable[KernelLink]) -> Mapping[int, InterfaceKind]:
    """Return the kind of each of these interfaces, by its index."""
    known = {link.index: link for link in links}
    # Kernels before 5.14 do not name the hardware; there an interface without a virtual driver counts as hardware.
    names_hardware = any(link.hardware for link in known.values())
    return {index: _kind(link, known, frozenset(), names_hardware=names_hardware) for index, link in known.items()}


def _kind(
    link: KernelLink, known: Mapping[int, KernelLink], seen: frozenset[int], *, names_hardware: bool
) -> InterfaceKind:
    """Return the kind of `link`. `seen` are the interfaces above it, since the kernel allows no circle but a list may."""
    if link.flags & LOOPBACK_FLAG:
        return InterfaceKind.LOOPBACK
    if link.hardware or link.kind in BUNDLES:
        return InterfaceKind.LAN
    if link.kind in TUNNELS:
        return InterfaceKind.TUNNEL
    if link.kind in INSIDE:
        return InterfaceKind.VIRTUAL
    seen |= {link.index}
    if link.kind == "bridge":
        ports = [port for port in known.values() if port.master == link.index and port.index not in seen]
        kinds = {_kind(port, known, seen, names_hardware=names_hardware) for port in ports}
        return InterfaceKind.LAN if InterfaceKind.LAN in kinds else InterfaceKind.VIRTUAL
    if link.kind in STACKED:
        lower = None if link.elsewhere else known.get(link.lower)
        if lower is None or lower.index in seen:
            return InterfaceKind.CABLE
        return _kind(lower, known, seen, names_hardware=names_hardware)
    if not link.kind and link.hardware_type in TUNNEL_HARDWARE:
        return InterfaceKind.TUNNEL
    if not link.kind and not names_hardware:
        return InterfaceKind.LAN
    return InterfaceKind.CABLE
