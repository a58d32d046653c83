"""Finds revocations of devices, this device's own among them: it learns of it from any peer that it meets."""

from __future__ import annotations

from meshnode.replica.replica import Replica
from protocol import DeviceId, Kind, PersonId, Record, device_slot, is_revocation
from protocol.session import PeerIdentified


def is_self_revoked(replica: Replica) -> bool:
    """Whether this device was revoked and no longer speaks for its person."""
    return replica.trust_state.revoked(replica.me, replica.device)


def revocation_of(replica: Replica, person: PersonId, device: DeviceId) -> Record | None:
    """Return the revocation of `person`'s `device`, perhaps header only; None if it was not revoked."""
    if not replica.trust_state.revoked(person, device):
        return None
    newest = replica.store.records.newest((person, Kind.DEVICE, device_slot(device)))
    return newest if newest is not None and is_revocation(newest.header) else None


def learns_of_own_revocation(replica: Replica, event: PeerIdentified) -> bool:
    """Whether this device was revoked.

    A revocation of it that the peer showed when it identified itself is stored first.
    """
    own = (replica.me, replica.device)
    shown = [one for one in event.extra if is_revocation(one.header) and (one.header.author, one.header.device) == own]
    if shown:
        replica.ingest.receive(shown)
    return is_self_revoked(replica)
