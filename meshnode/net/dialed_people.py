"""The people and addresses that the dialer keeps, each with how dialing them has gone."""

from __future__ import annotations

from msgspec import Struct, field

from meshnode.net.address import Address
from meshnode.net.dial_outcome import DialOutcome
from meshnode.net.endpoint_states import EndpointEvent, EndpointState
from meshnode.net.races import NEVER
from protocol import DeviceId, PersonId


class Endpoint(Struct):
    """One address and how dialing it has gone.

    `device` is the device that answered there last, and `met` when it did, if dialing it has not failed since. `order` is
    its position among those that were known before. `rank` is what the dialer's `rank` says of it, None if it is our own;
    `ranked` whether it was asked. `known`: it was not only announced. `tries` is how often it may still be tried, if only
    a card names it; None for any other.
    """

    address: Address
    due: float
    order: int = 0
    rank: int | None = 0
    ranked: bool = False
    met: float = NEVER
    state: EndpointState = EndpointState.WAITING
    announced: bool = False
    known: bool = False
    tries: int | None = None
    failures: int = 0
    turn: int = 0
    tried: float = NEVER
    heard: float = NEVER
    device: DeviceId | None = None


class DialedPerson(Struct):
    """A person with the addresses that are known of them, their open connections, and from when on they may be dialed."""

    devices: int = 1
    wanted: bool = False
    claims: bool = False
    endpoints: dict[Address, Endpoint] = field(default_factory=dict)
    connected: set[DeviceId] = field(default_factory=set)
    not_before: float = NEVER
    busy_since: float | None = None  # when their node asked us to come back later, if it is why `not_before` is later
    setbacks: int = 0
    account: PersonId | None = None  # who answers for them, if they were announced

    @property
    def missing(self) -> bool:
        return len(self.connected) < max(1, self.devices)

    def candidates(self) -> list[tuple[Endpoint, EndpointEvent]]:
        """Return the endpoints that are worth a connection, each with the event that starts it."""
        if not self.missing and not self.claims:
            return []
        starts = {EndpointState.WAITING: EndpointEvent.DUE}
        if self.claims:
            starts[EndpointState.CONNECTED] = EndpointEvent.CARD
        return [
            (endpoint, starts[endpoint.state])
            for endpoint in self.endpoints.values()
            if endpoint.state in starts and endpoint.tries != 0
        ]


class StaticAddress(Struct):
    """An address given by hand. It names no person: the people who are missing are tried there, one after the other.

    `found` is the person who answered there last; `asked` are those who were tried since and are not there.
    """

    endpoint: Endpoint
    found: PersonId | None = None
    asked: set[PersonId] = field(default_factory=set)
    outcome: DialOutcome | None = None
