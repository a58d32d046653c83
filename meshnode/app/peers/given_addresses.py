"""Keeps the addresses of other nodes that the owner has given while this node runs, across restarts.

They name no person: everybody who is missing is tried there. Addresses from `--peer` or config.toml are not kept here.
"""

from __future__ import annotations

import json

from msgspec import Struct

from meshnode.errors import NotFound, Refused
from meshnode.replica.replica import Replica

GIVEN_MAX = 64  # each is dialed at least twice a minute while somebody is missing
_GIVEN = "given_addresses"  # their name among the small values of the store

HostPort = tuple[str, int]


class AddressToGive(Struct, frozen=True):
    """The address of another node, HOST:PORT; without a port the default port is meant."""

    address: str


def given(replica: Replica) -> tuple[HostPort, ...]:
    """Return the addresses, in the order in which they were given."""
    return tuple((str(host), int(port)) for host, port in json.loads(replica.store.meta.get(_GIVEN) or "[]"))


def give(replica: Replica, address: HostPort) -> None:
    """Dial this address too, from now on. Giving it again changes nothing. Raises Refused if there are too many."""
    known = given(replica)
    if address in known:
        return
    if len(known) >= GIVEN_MAX:
        raise Refused(
            "you have given {given_max} addresses already",
            "remove one with 'meshnode peer remove HOST:PORT'",
            given_max=GIVEN_MAX,
        )
    _keep(replica, (*known, address))


def remove(replica: Replica, address: HostPort) -> None:
    """Dial this address no longer. Raises NotFound if it was not given."""
    known = given(replica)
    if address not in known:
        raise NotFound("this address was not given", "'meshnode peer list' shows those that were")
    _keep(replica, tuple(one for one in known if one != address))


def _keep(replica: Replica, addresses: tuple[HostPort, ...]) -> None:
    replica.store.meta.set(_GIVEN, json.dumps(addresses))
