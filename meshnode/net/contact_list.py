"""Reads everything the network side needs to know about people, in one function on the store thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from meshnode.app.following import following
from meshnode.app.peers import contacts
from meshnode.app.peers.given_addresses import given
from meshnode.net.address import Address
from meshnode.net.dialer import DialTarget
from meshnode.net.interfaces import Interfaces, is_loopback
from meshnode.replica.replica import Replica
from meshnode.slices import Steps
from protocol import PersonId

CARD_SECONDS = 3600.0
CODE_SECONDS = 60.0  # while a device code is open, which ends within minutes


class ContactList(Struct, frozen=True):
    """The people to dial, the keys to recognize people by, the keys to announce with, and the direct contacts."""

    wanted: list[DialTarget]
    candidates: list[tuple[PersonId, bytes]]
    announced: contacts.Announced | None
    direct: frozenset[PersonId]
    accounts: Mapping[PersonId, PersonId]
    """The person who answers for each of those who may be recognized, where there is one."""
    given: tuple[Address, ...] = ()
    """The addresses that the owner has given while the node ran."""

    @property
    def valid_seconds(self) -> float:
        """After how many seconds to read the list again if no change is reported: cards and device codes expire."""
        return CODE_SECONDS if self.announced is not None and self.announced.expecting else CARD_SECONDS


def read_contacts(replica: Replica) -> Steps[ContactList]:
    """Return the list as it is now, and store the keys of direct contacts, which a damaged store would lose.

    What changes between two steps is in the next list: every change has it read again.
    """
    yield from following(replica)
    direct = contacts.direct_contacts(replica)
    for person in direct:
        contacts.keep_keys(replica, person)
    yield
    contacts.order_by_trust(replica)
    yield
    candidates, answered = contacts.presence_candidates(replica), replica.introducers.all()
    yield
    wanted = [
        DialTarget(
            one.person,
            one.devices,
            tuple(Address(host, port) for host, port in one.addresses),
            one.claims,
            frozenset(Address(host, port) for host, port in one.on_cards),
        )
        for one in contacts.contact_targets(replica)
    ]
    return ContactList(
        wanted=wanted,
        candidates=candidates,
        accounts={person: answered[person] for person, _ in candidates if person in answered},
        announced=contacts.announced(replica),
        direct=frozenset(direct),
        given=tuple(Address(host, port) for host, port in given(replica)),
    )


def without_own_services(wanted: Iterable[DialTarget], interfaces: Interfaces) -> list[DialTarget]:
    """Leave out loopback addresses on cards where this computer has a network: they would lead to its own services."""
    if all(address.loopback for address in interfaces.addresses):
        return list(wanted)
    return [
        replace(
            target,
            addresses=tuple(at for at in target.addresses if at not in target.on_cards or not is_loopback(at.host)),
        )
        for target in wanted
    ]
