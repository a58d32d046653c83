"""What the network side says about itself: where this node can be reached, and what is wrong, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from meshnode.app.explain.status import Problem
from meshnode.net.interfaces import Interfaces, host_text
from protocol import limits


def addresses(interfaces: Interfaces, port: int) -> tuple[tuple[str, int], ...]:
    """Where others can reach this node, best first, as a card carries it: without scopes, and not more than fit."""
    hosts = dict.fromkeys(host_text(address.packed) for address in interfaces.for_others())
    return tuple((host, port) for host in hosts)[: limits.CARD_ADDRESSES_MAX] if port else ()


def problems(interfaces: Interfaces, chosen: Collection[str], mdns_problem: str) -> Iterator[Problem]:
    """What keeps this node from meeting others; `chosen` are the interfaces it is to use, none for all."""
    if mdns_problem:
        yield Problem("no_mdns", mdns_problem, "nodes nearby are not found by themselves; cards and --peer work")
    for name in sorted(set(chosen) - {address.interface for address in interfaces.addresses}):
        yield Problem("no_interface", f"there is no {name} with an address", "look at: ip addr")
    if not chosen and all(address.loopback for address in interfaces.addresses):
        yield Problem("no_network", "this machine is on no network", "only nodes on this machine can be met")
