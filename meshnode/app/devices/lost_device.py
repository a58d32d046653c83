"""Revokes a device that was lost, once the owner's contacts have brought back what it wrote.

A revocation voids all that a device has written. After a restore, some of that is known to contacts alone; so they come
first, and this device writes again what is still wanted.
"""

from __future__ import annotations

import json
import logging

from meshnode.app.devices import revocation
from meshnode.app.owner import policy
from meshnode.replica.replica import Replica
from meshnode.store import Store
from protocol import DeviceId, PersonId, device_text, limits

log = logging.getLogger(__name__)

WAITS = limits.LETTER_LIFE  # for contacts who are away: what waits for longer ends as well
_LOST = "lost_device"  # the name, in the store's small values, of the device, the time of the restore, and who was met since


def note_lost(store: Store, device: DeviceId) -> None:
    """Note that a device is to be revoked, on the owner's word that nobody uses it any longer."""
    _write(store, device, 0, set())


def waiting(replica: Replica) -> tuple[DeviceId, int, int] | None:
    """Return the lost device that may still act, how many contacts were met since the restore, and of how many."""
    lost = _read(replica)
    if lost is None or not replica.trust_state.certified(replica.me, lost[0]):
        return None
    device, _, met = lost
    contacts = _contacts(replica)
    return device, len(contacts & met), len(contacts)


def note_met(replica: Replica, person: PersonId) -> None:
    """Note that this node and `person` have compared all that they hold for each other."""
    lost = _read(replica)
    if lost is None:
        return
    device, since, met = lost
    if person not in met and (person == replica.me or person in _contacts(replica)):
        _write(replica.store, device, since, {*met, person})


def revoke_if_due(replica: Replica) -> None:
    """Revoke the lost device once every contact was met, or after 30 days those who are not away; it needs the identity key."""
    lost = _read(replica)
    if lost is None or replica.identity is None:
        return
    device, since, met = lost
    if not replica.trust_state.certified(replica.me, device):
        if replica.trust_state.revoked(replica.me, device):
            replica.store.meta.delete(_LOST)
        return
    if not since:
        since = replica.clock.now()
        _write(replica.store, device, since, met)
    if not _contacts(replica) <= met and (not met or replica.clock.now() < since + WAITS):
        return
    revocation.revoke(replica, device_text(device))
    replica.store.meta.delete(_LOST)
    log.info("a device that was lost was revoked")


def _contacts(replica: Replica) -> set[PersonId]:
    own = policy.own(replica)
    return set(own.vouches) if own is not None else set()


def _write(store: Store, device: DeviceId, since: int, met: set[PersonId]) -> None:
    store.meta.set(
        _LOST, json.dumps({"device": device.hex(), "since": since, "met": [one.hex() for one in sorted(met)]})
    )


def _read(replica: Replica) -> tuple[DeviceId, int, set[PersonId]] | None:
    text = replica.store.meta.get(_LOST)
    if text is None:
        return None
    stored = json.loads(text)
    return (
        DeviceId(bytes.fromhex(stored["device"])),
        stored["since"],
        {PersonId(bytes.fromhex(one)) for one in stored["met"]},
    )
