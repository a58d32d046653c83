"""The rounds that a running node does again and again by itself, each of steps that run in the guard of the replica."""

from __future__ import annotations

from collections.abc import Callable

from meshnode.app import date, misdated
from meshnode.app.devices import copies
from meshnode.app.upkeep import upkeep
from meshnode.app.waiting import WaitingCount, count
from meshnode.replica.eviction import follow_clock
from meshnode.replica.replica import Replica
from meshnode.replica.revocation import is_self_revoked

LOOK_SECONDS = 10.0  # between two looks at the machine's clock: nobody tells when it is set


def run_upkeep(replica: Replica, renew: Callable[[], None]) -> float:
    """Run one round of upkeep, on the store thread. Return after how many seconds the next is due.

    `renew` is called where a copy of this device was heard of, and this node can take a new device key.
    """
    pause = upkeep(replica)
    if copies.new_key_due(replica) and copies.may_take_new_key(replica):
        renew()
    replica.clock.remember()
    return pause


def look_at_the_clock(replica: Replica) -> float:
    """Notice that somebody has set the machine's clock, on the store thread. Return when to look again.

    What has not ended by the time that the node goes by now is put to use, and what was dated wrongly is dated again.
    """
    step = replica.guard.step
    step("looking at the date", date.look, replica)
    step("following the date", follow_clock, replica)
    if replica.clock.trusted and misdated.is_due(replica) and not is_self_revoked(replica):
        step("signing again what was dated wrongly", misdated.sign_again, replica)
    return LOOK_SECONDS


def count_waiting(replica: Replica) -> WaitingCount:
    """Return how much waits for the owner; nothing where that cannot be counted."""
    return replica.guard.result("counting what waits for you", count, replica, otherwise=lambda: WaitingCount(0, 0, ()))
