"""The last word on a device, as the others know it and as the device itself hears it: from whomever it meets next."""

from __future__ import annotations

from meshnode.replica.replica import Replica
from protocol import DeviceId, Kind, PersonId, Record, device_slot, is_revocation
from protocol.session import PeerIdentified


def is_self_revoked(replica: Replica) -> bool:
    """Whether this device was struck: it speaks for nobody any more."""
    return replica.trust_state.revoked(replica.me, replica.device)


def revocation_of(replica: Replica, person: PersonId, device: DeviceId) -> Record | None:
    """The strike of this device of `person`, be it its header alone; None while it was not struck."""
    if not replica.trust_state.revoked(person, device):
        return None
    head = replica.store.records.head((person, Kind.DEVICE, device_slot(device)))
    return head if head is not None and is_revocation(head.header) else None


def learns_of_own_revocation(replica: Replica, event: PeerIdentified) -> bool:
    """Whether this device was struck, by what the peer has shown in its introduction or by what is known already."""
    own = (replica.me, replica.device)
    told = [one for one in event.extra if is_revocation(one.header) and (one.header.author, one.header.device) == own]
    if told:
        replica.ingest.receive(told)
    return is_self_revoked(replica)
