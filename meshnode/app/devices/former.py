"""Takes the word of an owner who has come back about the devices that they had before: still theirs, or lost."""

from __future__ import annotations

from msgspec import Struct

from meshnode.app.devices.device_list import name_of
from meshnode.app.devices.revocation import find
from meshnode.app.recovery import coming_back, friends, kept_shares
from meshnode.app.recovery.friends import FriendView
from meshnode.app.recovery.kept_shares import KeptShareView
from meshnode.app.recovery.words import is_confirmed
from meshnode.replica.replica import Replica
from protocol import device_text


class FormerDevice(Struct, frozen=True):
    """A device that you had before you came back."""

    id: str
    name: str


class RecoveryView(Struct, frozen=True):
    """How you can come back, and how far you have.

    `friends` keep shares of your key: it takes `need` of them (null: there are none), and the shares were `made` then (UNIX
    seconds). `kept` are the friends whose shares you keep. `came_back` is when you came back on this device (UNIX seconds; null: you did not), and `waiting` that nobody has brought
    you your own records since. `former` are the devices that you had before and have said nothing about.
    """

    words_confirmed: bool
    need: int | None
    made: int | None
    friends: tuple[FriendView, ...]
    kept: tuple[KeptShareView, ...]
    came_back: int | None
    waiting: bool
    former: tuple[FormerDevice, ...]


class KeptDevice(Struct, frozen=True):
    """A former device that you still have: its name or id."""

    device: str


def recovery(replica: Replica) -> RecoveryView:
    """Return how the owner can come back, and how far they have."""
    came_back = coming_back.found(replica)
    former = tuple(
        FormerDevice(device_text(device), name_of(replica, device)) for device in coming_back.former_devices(replica)
    )
    chosen = friends.friends(replica)
    return RecoveryView(
        is_confirmed(replica),
        chosen.need,
        chosen.made,
        chosen.friends,
        kept_shares.kept(replica),
        came_back.since if came_back is not None else None,
        coming_back.is_waiting(replica),
        former,
    )


def keep(replica: Replica, kept: KeptDevice) -> RecoveryView:
    """Note that the owner still has a former device; errors as `revocation.find`."""
    coming_back.keep(replica, find(replica, kept.device))
    return recovery(replica)
