"""Opens the letters that came and lets each take effect: the table of what letters can say, with the handler of each.

It is in this package because a move is handled here, and an introduction below it, in `people`.
"""

from __future__ import annotations

from meshnode.app.exchanges import handover, moves
from meshnode.app.letters import inbox, letters, receipts
from meshnode.app.people import introductions
from meshnode.app.recovery import kept_shares
from meshnode.replica.replica import Replica
from protocol.letters import HandoverLetter, Introduction, KeyShare, Move

SOONEST_SECONDS = 0.25  # between two rounds of opening letters, which are to take effect at once
SLICE_PAUSE_SECONDS = 0.1  # while letters wait to be opened: four fifths of the time are left for everything else
RETRY_SECONDS = 60.0  # at least until the next look at what is due: a receipt may fail
PAUSE_SECONDS = 3600.0  # while no letter comes: trust may have changed, and with it whose letters count

HANDLERS: dict[type, inbox.Handler] = {
    Introduction: introductions.take,
    Move: moves.receive,
    HandoverLetter: handover.take,
    KeyShare: kept_shares.take,
}


def open_letters(replica: Replica) -> None:
    """Open letters for this device that came since the last call, for a short while; see `inbox.open_new`."""
    inbox.open_new(replica, HANDLERS)


def follow_letters(replica: Replica) -> float:
    """Open new letters, withdraw own ones that have arrived, and write receipts. Return the seconds until the next time."""
    step = replica.guard.step
    if inbox.may_have_unopened(replica):
        step("opening letters", open_letters, replica)
        if inbox.may_have_unopened(replica):
            return SLICE_PAUSE_SECONDS
        if replica.clock.trusted:
            step("withdrawing messages that have arrived", letters.withdraw_finished, replica)
            step("handing letters over to other devices", handover.follow, replica)
    elif replica.clock.trusted and handover.is_due(replica):
        step("handing letters over to other devices", handover.follow, replica)
    if not replica.clock.trusted:
        return PAUSE_SECONDS
    if receipts.is_due(replica):
        step("writing receipts", receipts.write_due, replica)
    due = receipts.seconds_until_due(replica)
    return PAUSE_SECONDS if due is None else min(max(due, RETRY_SECONDS), PAUSE_SECONDS)
