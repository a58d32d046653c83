"""The last word on a device, as the others know it and as the device itself hears it: from whomever it meets next."""

from __future__ import annotations

from meshnode.replica.replica import Replica
from protocol import DeviceId, Kind, PeerIntroduced, PersonId, Record, device_slot, is_strike


def silenced(replica: Replica) -> bool:
    """Whether this device was struck: it speaks for nobody any more."""
    return replica.circle.struck(replica.me, replica.device)


def strike_on(replica: Replica, person: PersonId, device: DeviceId) -> Record | None:
    """The strike of this device of `person`, be it its header alone; None while it was not struck."""
    head = replica.store.records.head((person, Kind.DEVICE, device_slot(device)))
    return head if head is not None and is_strike(head.header) else None


def hears_own_end(replica: Replica, event: PeerIntroduced) -> bool:
    """Whether this device was struck, by what the peer has shown in its introduction or by what is known already."""
    own = (replica.me, replica.device)
    told = [one for one in event.extra if is_strike(one.header) and (one.header.author, one.header.device) == own]
    if told:
        replica.ingest.receive(told)
    return silenced(replica)
