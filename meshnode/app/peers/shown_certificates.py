"""Looks up what is held about the device at the other end of a connection: its certificate, and whether that has ended."""

from __future__ import annotations

from meshnode.replica.replica import Replica
from protocol import Kind, Record, device_slot
from protocol.session import PeerIdentified


def find_certificate(replica: Replica, dh_public: bytes) -> Record | None:
    """Return the certificate held for an X25519 key, so that known devices need not send theirs."""
    found = replica.trust_state.by_dh_public(dh_public)
    if found is None:
        return None
    held = replica.store.records.current((found.person, Kind.DEVICE, device_slot(found.device)))
    # One that has ended may have been renewed since: the device is asked for the one that it has now.
    return None if held is None or held.header.expires <= replica.clock.ended_by() else held


def has_expired(replica: Replica, event: PeerIdentified) -> bool:
    """Whether the certificate that the device has shown has expired, and none is held that has not.

    No certificate is kept of people outside the web; the one that the device has shown counts then, and so it does where
    the one held had ended when it came.
    """
    held = replica.trust_state.certificate(event.person, event.device)
    if held is not None and not held.past:
        return False
    return event.certificate.header.expires <= replica.clock.ended_by()
