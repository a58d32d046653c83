"""Looks up what either end of a connection shows of itself: our certificate and joins, and the other device's certificate."""

from __future__ import annotations

from meshnode.app.groups import membership
from meshnode.app.peers.contacts import Dial
from meshnode.replica.replica import Replica
from protocol import Kind, Record, device_slot
from protocol.session import PeerIdentified, SelfIdentification


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


def self_identification(replica: Replica, dial: Dial | None) -> SelfIdentification:
    """Return the records by which this node shows itself, with the joins that concern whom it dials."""
    certificate = replica.store.records.current((replica.me, Kind.DEVICE, device_slot(replica.device)))
    assert certificate is not None, "a node without a certificate does not start"
    shown = tuple(membership.joins_to_show(replica, dial.person)) if dial is not None else ()
    return SelfIdentification(replica.me, replica.device, certificate, replica.run, shown)
