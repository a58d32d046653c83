"""Lets the owner's other devices know which device was wiped, so that they can say that it is still to be revoked.

A wiped device does not revoke itself: that would void all that it wrote, its vouches too, until another device has
written it again. So the owner revokes it on a device that stays and has the identity key, which takes over first.
"""

from __future__ import annotations

from meshnode.replica.replica import Replica
from protocol import DeviceId, limits
from protocol.letters import Note, NoteKind

_TIME_BYTES = 8
STILL_SEEN = limits.HOUR  # seconds after it was wiped: a device that is met later goes on after all


def note(replica: Replica) -> None:
    """Note that the owner wipes this device now; their other devices are still to be told."""
    notes, now = replica.store.own_notes, replica.clock.now()
    notes.set(Note(NoteKind.WIPED_DEVICE, replica.device, now.to_bytes(_TIME_BYTES, "big"), notes.highest_stamp() + 1))


def wiped(replica: Replica) -> dict[DeviceId, int]:
    """Return the owner's other devices that were wiped and can still act for them, and when that was (UNIX seconds)."""
    held = {one.device for one in replica.trust_state.devices(replica.me)} - {replica.device}
    known, now = replica.store.devices.known(), replica.clock.now()
    found = {}
    for device, value in replica.store.own_notes.of_kind(NoteKind.WIPED_DEVICE).items():
        at = int.from_bytes(value, "big") if len(value) == _TIME_BYTES else now + STILL_SEEN
        seen = known[device].seen if device in known else None
        if device in held and at < now + STILL_SEEN and (seen is None or seen < at + STILL_SEEN):
            found[device] = at
    return found
