"""What the network side needs to know about people, read in one go at the desk."""

from __future__ import annotations

from dataclasses import dataclass

from meshnode.app.peers import contacts
from meshnode.net.dialer import Address, DialTarget
from meshnode.replica.replica import Replica
from protocol import PersonId

CARD_SECONDS = 3600.0
CODE_SECONDS = 60.0  # while a device code is open, which ends within minutes


@dataclass(frozen=True, slots=True)
class ContactList:
    """Whom to dial, whom to recognize by which keys, what to announce with, and who is a direct contact."""

    wanted: list[DialTarget]
    candidates: list[tuple[PersonId, bytes]]
    announced: contacts.Announced | None
    direct: frozenset[PersonId]

    @property
    def good_for(self) -> float:
        """After how many seconds to read it anew if nothing happens, for cards and device codes expire by themselves."""
        return CODE_SECONDS if self.announced is not None and self.announced.expecting else CARD_SECONDS


def read_contacts(replica: Replica) -> ContactList:
    """The list as it is now. The keys of contacts are kept by the way."""
    direct = contacts.direct_contacts(replica)
    for person in direct:
        contacts.keep_keys(replica, person)
    return ContactList(
        wanted=[
            DialTarget(one.person, one.devices, tuple(Address(host, port) for host, port in one.addresses), one.claims)
            for one in contacts.contact_targets(replica)
        ],
        candidates=contacts.presence_candidates(replica),
        announced=contacts.announced(replica),
        direct=frozenset(direct),
    )
