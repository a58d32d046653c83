"""Says how much of what was written before is still to come for devices that were added later."""

from __future__ import annotations

from dataclasses import dataclass

from meshnode.app.devices.device_list import name_of
from meshnode.replica.replica import Replica
from protocol.letters import NoteKind

_DIGITS_MAX = 9  # of a number that another device has written


@dataclass(frozen=True, slots=True)
class HandingOverView:
    """A device of yours, by its name, to which this one still has `letters` older messages to hand over."""

    device: str
    letters: int


def handing_over(replica: Replica) -> tuple[HandingOverView, ...]:
    """Return the devices to which letters are still to be handed over, by name."""
    store = replica.store.handovers
    counts = ((name_of(replica, device), store.count_owed(device)) for device in store.owed_to())
    return tuple(HandingOverView(*one) for one in sorted(counts) if one[1])


def letters_to_come(replica: Replica) -> int:
    """Return how many letters are still to come for this device, as the others say: together they hold what the fullest has."""
    found = [
        int(value)
        for key, value in replica.store.own_notes.of_kind(NoteKind.LETTERS_TO_COME).items()
        if value.isdigit() and len(value) <= _DIGITS_MAX
        if key.startswith(replica.device) and replica.trust_state.certified(replica.me, key[len(replica.device) :])
    ]
    return max(found, default=0)
