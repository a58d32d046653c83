"""Writes again, on this device, the records of another device of the owner that a revocation has voided.

What is to be written is remembered in the commit of the revocation, so a node that stops in between goes on later. The
policy is absorbed before the revocation as well, so that nobody gets for a moment what a block there kept from them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from meshnode.app.groups import membership
from meshnode.app.owner import policy, profile_restore
from meshnode.errors import Failed, Refused, StorageFailed, StorageFull
from meshnode.replica import authoring
from meshnode.replica.bodies import readable_body
from meshnode.replica.replica import Replica
from meshnode.store import PendingReissue, RecordState
from protocol import PROFILE_SLOT, DeviceId, InvalidField, Kind, Letter, Policy, Profile, Record, limits
from protocol.letters import letter_tag, receipt_slot

log = logging.getLogger(__name__)

REISSUED = (Kind.POLICY, Kind.PROFILE, Kind.JOIN, Kind.LISTING, Kind.LETTER)
ALWAYS_REISSUED = frozenset({Kind.POLICY, Kind.PROFILE})  # a person cannot do without them
# No device comes to this version by writing. A thief may have signed a version so high that few can follow it.
CONTINUED_VERSION_MAX = limits.VERSION_DATE_MAX


def written_by(replica: Replica, device: DeviceId) -> list[Record]:
    """Return the records of `device`, one of the owner's, that still count.

    Withdrawals are among them, since they keep older versions away.
    """
    return list(_written_by(replica, device))


def wanted(replica: Replica, written: list[Record], *, discard: bool, keep_groups: bool) -> list[Record]:
    """Return the records to look at once the device that has `written` these is revoked; all of them unless `discard`.

    With `discard` they are the policy, for the blocks in it; with `keep_groups` too, the memberships; and the profile, even if
    another device has written its last version: it may have carried on what the revoked one put there.
    """
    if not discard:
        return written
    profile = replica.store.records.current((replica.me, Kind.PROFILE, PROFILE_SLOT))
    kinds = {Kind.POLICY, Kind.JOIN} if keep_groups else {Kind.POLICY}
    return [*(one for one in written if one.header.kind in kinds), *([profile] if profile is not None else [])]


def absorb_policy(
    replica: Replica, device: DeviceId, *, blocks_only: bool = False, keep: frozenset[bytes] | None = None
) -> None:
    """Absorb into this device's policy what the policy of `device` decides; as `policy.absorb_from`."""
    register = policy.register_of(replica, device)
    if register is not None:
        policy.absorb_from(replica, register, blocks_only=blocks_only, keep=keep)


def write_pending(replica: Replica) -> None:
    """Write the pending records.

    A record that is too large by now, or for which there is no room, is given up and logged. Where the disk fails or is
    full, or this device may not write, the records stay pending. One that fails for another reason is set aside alone.
    """
    for pending in replica.store.devices.pending_reissues():
        replica.guard.step(
            "writing again what a revoked device wrote", _write_one, replica, pending, item=str(pending.number)
        )


def _write_one(replica: Replica, pending: PendingReissue) -> None:
    try:
        with replica.transaction():
            _write(replica, pending)
            replica.store.devices.finish_reissue(pending.number)
    except (StorageFailed, StorageFull, Refused):
        raise
    except (Failed, InvalidField) as error:
        log.warning("a record was not reissued", extra={"kind": pending.record.header.kind, "why": str(error)})
        replica.store.devices.finish_reissue(pending.number)


def _written_by(replica: Replica, device: DeviceId) -> Iterator[Record]:
    now, records = replica.clock.now(), replica.store.records
    rows = records.rows(kinds=REISSUED, author=replica.me, states=(RecordState.LIVE,))
    for record in records.get_many([row.id for row in rows if row.device == device]):
        lasting = record.header.latest_expiry if record.withdrawn else record.header.expires
        if _is_for_own_devices(replica, record):
            continue
        if lasting > now and (record.header.kind in ALWAYS_REISSUED or record.header.version < CONTINUED_VERSION_MAX):
            yield record


def _is_for_own_devices(replica: Replica, record: Record) -> bool:
    """Whether this is a letter to the owner's own devices, no receipt: what it hands over, they hand over themselves."""
    me, slot = replica.me, record.header.slot
    letter = readable_body(record) if record.header.kind == Kind.LETTER and record.body else None
    return isinstance(letter, Letter) and letter.tag == letter_tag(me, me, slot) and slot != receipt_slot(me, me)


def _write(replica: Replica, pending: PendingReissue) -> None:
    """Write one pending record, if there is something to write."""
    header = pending.record.header
    # Only a profile can have so high a version here; it starts again, since nothing else can follow it.
    above = header.version if header.version < CONTINUED_VERSION_MAX else 0
    if header.kind == Kind.PROFILE and pending.discard:
        was = readable_body(pending.record)
        if isinstance(was, Profile):
            profile_restore.put_back(replica, was, above)
        return
    lasting = header.latest_expiry if pending.record.withdrawn else header.expires
    if lasting <= replica.clock.now():
        return
    if header.kind == Kind.POLICY:
        body = readable_body(pending.record)
        if isinstance(body, Policy):  # one that was withdrawn decides nothing
            policy.absorb_from(replica, body, blocks_only=pending.discard, keep=pending.keep)
        return
    if replica.store.records.newest(pending.record.register) is not None:
        return  # written since, here or on another device
    if header.kind == Kind.JOIN and not pending.record.withdrawn:
        membership.renew(replica, pending.record)
    else:
        authoring.write_again(replica, pending.record, above=above)
