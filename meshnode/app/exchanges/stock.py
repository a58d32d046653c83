"""What exchanges do to the listings they are about, and what a node answers by itself because of that.

What was agreed on goes down on the listing; it comes back if it is called off, and what was lent when it is back. Only the
device on which its owner said yes does it. When nothing is left, whoever still waits is told so kindly, and so is he who
asked for what the listing no longer is. Each step is found again from what is stored, so a node that stops in between
takes it up later.
"""

from __future__ import annotations

from meshnode.app.exchanges import moves
from meshnode.app.listings import lifecycle
from meshnode.app.listings.view import body_of
from meshnode.errors import NotFound, Refused
from meshnode.replica.replica import Replica
from meshnode.store import Exchange
from protocol import Kind
from protocol.letters import Action, Stage

GONE, CHANGED = "gone", "changed"
OVER = (Stage.CANCELLED, Stage.RETURNED)  # what was taken off the listing is there again


def follow_up(replica: Replica) -> None:
    """Do what the exchanges of this node ask for by now. What cannot be done yet is left for the next time."""
    moves.hear_again(replica)
    if not replica.trust_state.certified(replica.me, replica.device):
        return  # what this device writes counts for nothing any more
    for exchange in replica.store.exchanges.unsettled(OVER):
        _settle(replica, exchange)
    for exchange in replica.store.exchanges.with_stage(Stage.REQUESTED, asked=False):
        reason = _answer(replica, exchange)
        if reason is not None:
            try:
                moves.make(replica, exchange, Action.DECLINE, reason=reason)
            except Refused:
                continue


def left(replica: Replica, slot: bytes) -> int | None:
    """How many are left of own listing `slot`; None where it is not limited, or does not stand any more."""
    record = replica.store.records.used((replica.me, Kind.LISTING, slot))
    if record is None or not record.body or record.header.expires <= replica.clock.now():
        return None
    return body_of(record).quantity


def _settle(replica: Replica, exchange: Exchange) -> None:
    """Take off the listing what was agreed on, or put back what was not given after all, or is back."""
    assert exchange.slot is not None, "it was accepted, so it was asked for"
    keep = replica.store.exchanges.keep
    if exchange.stage not in OVER:
        try:
            with replica.transaction():
                if lifecycle.take(replica, exchange.slot, exchange.takes) is not None:
                    keep(exchange._replace(taken=exchange.takes))
                    return
        except (NotFound, Refused):
            pass  # it stands no more, or another device was faster
    elif exchange.stage is Stage.CANCELLED or moves.exchange_state(replica, exchange).terms.type == "offer":
        with replica.transaction():
            lifecycle.put_back(replica, exchange.slot, exchange.taken)
            keep(exchange._replace(taken=0, takes=0))
        return
    keep(exchange._replace(taken=0, takes=0))


def _answer(replica: Replica, exchange: Exchange) -> str | None:
    """Why nobody need be asked any more whether to say yes; None where the owner is to decide."""
    assert exchange.slot is not None
    register = (replica.me, Kind.LISTING, exchange.slot)
    record = replica.store.records.used(register)
    if record is None or not record.body:
        head = replica.store.records.head(register)
        return GONE if head is not None and head.withdrawn else None
    body, terms = body_of(record), moves.exchange_state(replica, exchange).terms
    return CHANGED if (body.type, body.lend) != (terms.type, terms.lend) else None
