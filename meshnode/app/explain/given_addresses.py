"""Shows the addresses that the owner has given, and who was found there."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from meshnode.app.naming import PersonRef, reference
from meshnode.app.peers.given_addresses import given
from meshnode.app.people.cards import written
from meshnode.replica.replica import Replica
from protocol import PersonId


class GivenAddress(Struct, frozen=True):
    """An address that the network dials because the owner has given it, by option, setting or command.

    `person` is the one who answered there last; `outcome` says in a few words how the last attempt ended, empty before
    the first.
    """

    host: str
    port: int
    person: PersonId | None = None
    outcome: str = ""


class GivenAddressView(Struct, frozen=True):
    """An address that you have given. `kept` says that it was given by `peer add`, and so is dialed after a restart too."""

    address: str
    kept: bool
    person: PersonRef | None
    outcome: str


class GivenAddressesView(Struct, frozen=True):
    """The addresses that you have given, by option, setting or command."""

    addresses: tuple[GivenAddressView, ...]


def addresses(replica: Replica, dialing: Sequence[GivenAddress]) -> GivenAddressesView:
    """Return every given address, the kept ones first. `dialing` are those that the network dials."""
    kept = given(replica)
    dialed = {(one.host, one.port): one for one in dialing}
    return GivenAddressesView(
        tuple(
            _view(replica, dialed.get(one, GivenAddress(*one)), kept=one in kept)
            for one in dict.fromkeys([*kept, *dialed])
        )
    )


def address(replica: Replica, dialing: Sequence[GivenAddress], host: str, port: int) -> GivenAddressView:
    """Return one of them."""
    wanted = written(host, port)
    return next(one for one in addresses(replica, dialing).addresses if one.address == wanted)


def _view(replica: Replica, one: GivenAddress, *, kept: bool) -> GivenAddressView:
    person = None if one.person is None else reference(replica, one.person)
    return GivenAddressView(written(one.host, one.port), kept, person, one.outcome)
