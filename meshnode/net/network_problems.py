"""Says in words what keeps this node from meeting others: its interfaces, multicast DNS, or no network at all."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase

from meshnode.app.explain.problem import Problem, found_problem
from meshnode.net.discovery import LocalDiscovery
from meshnode.net.interfaces import Interfaces

NAMED = 4  # interfaces that a problem names; the rest are counted


def network_problems(
    interfaces: Interfaces, chosen: Collection[str], discovery: LocalDiscovery | None
) -> Iterator[Problem]:
    """Yield what keeps this node from meeting others; `chosen` are the owner's patterns for interfaces, none by default."""
    if discovery is not None and discovery.problem:
        yield found_problem(
            "no_mdns",
            discovery.problem,
            "nodes nearby are not found by themselves. Cards and 'meshnode peer add HOST:PORT' still work",
        )
    if discovery is not None and discovery.deaf:
        deaf = _first_few(discovery.deaf)
        yield found_problem(
            "mdns_deaf",
            "Multicast DNS does not work on {deaf}",
            "nodes there are not found by themselves. To leave it out: meshnode run --interface '!{deaf2}'",
            deaf=deaf,
            deaf2=discovery.deaf[0],
        )
    for pattern in interfaces.missing:
        yield _missing(pattern, interfaces.present)
    if not chosen and all(address.loopback for address in interfaces.addresses):
        yield found_problem("no_network", "This computer is on no network", "only nodes on this computer can connect")


def _missing(pattern: str, present: Collection[str]) -> Problem:
    """Return the problem that no interface with an address belongs to this pattern."""
    if any(fnmatchcase(name, pattern) for name in present):
        return found_problem(
            "no_interface",
            "The network interface {pattern} has no address",
            "it is used as soon as it has one. Look at: ip addr",
            pattern=pattern,
        )
    others = [name for name in present if name != "lo"]
    hint = f"this computer has {_first_few(others)}" if others else "this computer has none but loopback"
    return found_problem("no_interface", "There is no network interface {pattern}", hint, pattern=pattern)


def _first_few(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
