"""Writing anew, on this device, what another device of the same person has written and a strike has voided.

What is owed is remembered in the strike's own commit, so a node that stops in between goes on where it was. The policy
is taken over before the strike as well: not for a moment must somebody get what a block there kept from him.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from meshnode.app.groups import membership
from meshnode.app.owner import policy
from meshnode.errors import Failed, Refused, StorageFailed, StorageFull
from meshnode.replica import authoring
from meshnode.replica.replica import Replica
from meshnode.store import PendingReissue, RecordState
from protocol import DeviceId, InvalidField, Kind, Policy, Record, body_of, device_slot

log = logging.getLogger(__name__)

ANEW = (Kind.POLICY, Kind.PROFILE, Kind.JOIN, Kind.LISTING, Kind.LETTER)
ALWAYS = frozenset({Kind.POLICY, Kind.PROFILE})  # without them a person is nobody
# A version that nobody comes to by writing: whoever stole the device may have signed it so that none can follow.
VERSION_MAX = 2**52


def written_by(replica: Replica, device: DeviceId) -> list[Record]:
    """What `device`, one of mine, has written and still counts, withdrawals too: they keep older versions away."""
    return list(_written_by(replica, device))


def take_over_policy(replica: Replica, device: DeviceId, *, blocks_only: bool) -> None:
    """Say on this device what the policy of `device` decides."""
    record = replica.store.records.used((replica.me, Kind.POLICY, device_slot(device)))
    body = body_of(record) if record is not None and record.body else None
    if isinstance(body, Policy):
        policy.take_over(replica, body, blocks_only=blocks_only)


def carry_on(replica: Replica) -> int:
    """Write what is owed; how many records that made. What is too large by now, or has no room, is given up and logged.

    Where the disk fails or is full, or this device may not write, it stays owed.
    """
    written = 0
    for pending_reissues in replica.store.devices.pending_reissues():
        try:
            with replica.transaction():
                done = _write(replica, pending_reissues)
                replica.store.devices.finish_reissue(pending_reissues.number)
        except (StorageFailed, StorageFull):
            raise
        except Refused as error:
            log.warning("nothing can be written anew", extra={"why": str(error)})
            return written
        except (Failed, InvalidField) as error:
            log.warning(
                "a record was not written anew", extra={"kind": pending_reissues.record.header.kind, "why": str(error)}
            )
            replica.store.devices.finish_reissue(pending_reissues.number)
            done = False
        written += done
    return written


def _written_by(replica: Replica, device: DeviceId) -> Iterator[Record]:
    now, records = replica.clock.now(), replica.store.records
    rows = records.rows(kinds=ANEW, author=replica.me, states=(RecordState.LIVE,))
    for record in records.get_many([row.id for row in rows if row.device == device]):
        lasting = record.header.latest_expiry if record.withdrawn else record.header.expires
        if lasting > now and (record.header.kind in ALWAYS or record.header.version < VERSION_MAX):
            yield record


def _write(replica: Replica, pending_reissues: PendingReissue) -> bool:
    """Write the record again on this device; returns whether there was something to write."""
    header = pending_reissues.record.header
    lasting = header.latest_expiry if pending_reissues.record.withdrawn else header.expires
    if lasting <= replica.clock.now():
        return False
    if header.kind == Kind.POLICY:
        body = body_of(pending_reissues.record)
        assert isinstance(body, Policy)
        return policy.take_over(replica, body, blocks_only=pending_reissues.blocks_only)
    if replica.store.records.head(pending_reissues.record.register) is not None:
        return False  # written since, here or on another device
    if header.kind == Kind.JOIN and not pending_reissues.record.withdrawn:
        membership.renew(replica, pending_reissues.record)
    else:
        above = header.version if header.version < VERSION_MAX else 0  # a profile; all others are void soon enough
        authoring.write_again(replica, pending_reissues.record, above=above)
    return True
