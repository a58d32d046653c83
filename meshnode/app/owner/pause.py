"""Lets the owner be away: while they are, all their listings are hidden from others, and one command shows them again.

It is part of the sharing preference, so every device of the owner's follows, and every node that hears of it.
"""

from __future__ import annotations

from msgspec import Struct

from meshnode.app.owner import places, policy
from meshnode.app.owner.places import preference_of
from meshnode.replica.replica import Replica


class PauseView(Struct, frozen=True):
    """Since when you are away (UNIX seconds; null: you are not), and how many listings of yours are open."""

    paused: int | None
    listings: int


class PauseChange(Struct, frozen=True):
    """Whether you are to be away."""

    away: bool


def since(replica: Replica) -> int | None:
    """Return since when the owner is away, in UNIX seconds; None if they are not."""
    return preference_of(replica, replica.me).paused or None


def change(replica: Replica, wanted: PauseChange) -> PauseView:
    """Go away, or come back; what is so already is not signed again. Raises Refused where no policy can be written."""
    preference = preference_of(replica, replica.me)
    if wanted.away and not preference.paused:
        policy.set_preference(replica, preference._replace(paused=max(1, replica.clock.now())))
    elif not wanted.away and preference.paused:
        policy.set_preference(replica, preference._replace(paused=0))
    return PauseView(since(replica), len(places.own_listings(replica)))
