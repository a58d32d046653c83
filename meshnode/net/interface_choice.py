"""Chooses the network interfaces that a node uses, and puts them in order: the one that others most likely share first.

A pattern is a name in which * and ? stand for any letters, as in a shell; after a ! it excludes. With patterns that
include, exactly the interfaces that one of them matches are used. Without, the kinds decide: networks inside of this
machine and tunnels are left out where it has a network card, since their addresses lead nobody here, and are the same in
every place, so that they would give the node away. Loopback is always used.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from fnmatch import fnmatchcase

from meshnode.net.interface_kinds import InterfaceKind

EXCLUDES = "!"


def excluded(name: str, patterns: Collection[str]) -> bool:
    """Whether one of the patterns excludes the interface with this name."""
    return any(fnmatchcase(name, one[1:]) for one in patterns if one.startswith(EXCLUDES))


def including(patterns: Collection[str]) -> tuple[str, ...]:
    """Return the patterns that include."""
    return tuple(one for one in patterns if not one.startswith(EXCLUDES))


def used(
    kinds: Mapping[str, InterfaceKind], addressed: Collection[str], routes: Collection[str], patterns: Collection[str]
) -> frozenset[str]:
    """Return which of the interfaces with an address, `addressed`, are to be used.

    `kinds` has the kinds of all interfaces by name; `routes` are those with a default route.
    """

    def kind(name: str) -> InterfaceKind:
        return kinds.get(name, InterfaceKind.CABLE)

    loopback = {name for name in addressed if kind(name) is InterfaceKind.LOOPBACK}
    others = set(addressed) - loopback
    allowed = {name for name in others if not excluded(name, patterns)}
    wanted = including(patterns)
    if wanted:
        return frozenset(loopback | {name for name in allowed if any(fnmatchcase(name, one) for one in wanted)})
    # A network card counts even while it has no address: without its cable the machine is on no network.
    has_card = InterfaceKind.LAN in kinds.values()
    least = InterfaceKind.LAN if has_card else min(map(kind, others), default=InterfaceKind.LAN)
    leading_out = {name for name in allowed if name in routes and kind(name) is not InterfaceKind.TUNNEL}
    return frozenset(loopback | leading_out | {name for name in allowed if kind(name) <= least})


def preference(kinds: Mapping[str, InterfaceKind], routes: tuple[str, ...]) -> Callable[[str], tuple[int, int, str]]:
    """Return a sort key: interfaces with a default route first (no tunnels), then by kind, then by name."""

    def key(name: str) -> tuple[int, int, str]:
        kind = kinds.get(name, InterfaceKind.CABLE)
        leads_out = name in routes and kind < InterfaceKind.TUNNEL
        return (routes.index(name) if leads_out else len(routes), kind, name)

    return key
