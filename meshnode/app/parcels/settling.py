"""Tells whether a parcel that lies somewhere may still be of use to anybody."""

from __future__ import annotations

from collections.abc import Iterable

from meshnode.app.parcels.knowledge import RESEND_SECONDS
from meshnode.replica.replica import Replica


def unsettled(replica: Replica, parts: Iterable[bytes]) -> bool:
    """Whether one of these parts has no receipt yet, and what is in it is not to be sent again by now."""
    since = replica.clock.now() - RESEND_SECONDS
    return any(made > since for part in parts if (made := replica.store.parcels.made_at(part)) is not None)
