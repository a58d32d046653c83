"""Says how much of what was written before is still to come for devices that were added later."""

from __future__ import annotations

from msgspec import Struct

from meshnode.app.devices.device_list import name_of
from meshnode.app.devices.wiped import wiped
from meshnode.replica.replica import Replica
from protocol.letters import NoteKind

_DIGITS_MAX = 9  # of a number that another device has written


class HandingOverView(Struct, frozen=True):
    """A device of yours, by its name, to which this one still has `letters` older messages to hand over."""

    device: str
    letters: int


def handing_over(replica: Replica) -> tuple[HandingOverView, ...]:
    """Return the devices to which letters are still to be handed over, by name."""
    counts = replica.store.handovers.count_owed().items()
    return tuple(HandingOverView(*one) for one in sorted((name_of(replica, device), count) for device, count in counts))


def letters_to_come(replica: Replica) -> int:
    """Return how many letters are still to come for this device, as the others say: together they hold what the fullest has."""
    gone = wiped(replica)
    givers = {one.device for one in replica.trust_state.devices(replica.me) if one.device not in gone}
    found = [
        int(value)
        for key, value in replica.store.own_notes.of_kind(NoteKind.LETTERS_TO_COME).items()
        if value.isdigit() and len(value) <= _DIGITS_MAX
        if key.startswith(replica.device) and key[len(replica.device) :] in givers
    ]
    return max(found, default=0)
