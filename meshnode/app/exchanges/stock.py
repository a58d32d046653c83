"""Keeps the quantities of listings in step with exchanges, and declines requests that can no longer be met.

What was agreed on is taken off the listing; it is put back if the exchange is cancelled, and when a lent thing is back.
Only the device on which the owner accepted does this. When nothing is left, people who still wait are told so kindly,
and so are people who asked for something that the listing no longer is. Each step is found again from the store, so a
node that stops in between goes on later.
"""

from __future__ import annotations

from meshnode.app.exchanges import moves
from meshnode.app.listings import lifecycle
from meshnode.app.listings.view import body_of
from meshnode.errors import NotFound, Refused
from meshnode.replica.replica import Replica
from meshnode.store import Exchange
from protocol import Kind, Quantity
from protocol.letters import Action, Stage

GONE, CHANGED = "gone", "changed"
OVER = (Stage.CANCELLED, Stage.RETURNED)  # what was taken off the listing is available again


def follow_up(replica: Replica) -> None:
    """Do what the exchanges of this node ask for by now. What cannot be done yet waits for the next call."""
    moves.reconsider_asks(replica)
    if not replica.trust_state.certified(replica.me, replica.device):
        return  # what this device writes no longer counts
    for exchange in replica.store.exchanges.unsettled(OVER):
        _settle(replica, exchange)
    for exchange in replica.store.exchanges.with_stage(Stage.REQUESTED, asked=False):
        reason = _answer(replica, exchange)
        if reason is not None:
            try:
                moves.make(replica, exchange, Action.DECLINE, reason=reason)
            except Refused:
                continue


def quantity_left(replica: Replica, slot: bytes) -> Quantity | None:
    """Return how many are left of the owner's listing in `slot`; None if it is not limited or not in use any longer."""
    record = replica.store.records.current((replica.me, Kind.LISTING, slot))
    if record is None or not record.body or record.header.expires <= replica.clock.now():
        return None
    return body_of(record).quantity


def _settle(replica: Replica, exchange: Exchange) -> None:
    """Take off the listing what was agreed on, or put back what was not given after all or has been returned."""
    assert exchange.slot is not None, "it was accepted, so it was asked for"
    keep = replica.store.exchanges.keep
    if exchange.stage not in OVER:
        try:
            with replica.transaction():
                if lifecycle.take(replica, exchange.slot, exchange.takes) is not None:
                    keep(exchange._replace(taken=exchange.takes))
                    return
        except (NotFound, Refused):
            pass  # the listing has ended, or another device was faster
    elif exchange.stage is Stage.CANCELLED or moves.exchange_state(replica, exchange).terms.type == "offer":
        with replica.transaction():
            lifecycle.put_back(replica, exchange.slot, exchange.taken)
            keep(exchange._replace(taken=0, takes=0))
        return
    keep(exchange._replace(taken=0, takes=0))


def _answer(replica: Replica, exchange: Exchange) -> str | None:
    """Return why a request can be declined without asking the owner; None if the owner has to decide."""
    assert exchange.slot is not None
    register = (replica.me, Kind.LISTING, exchange.slot)
    record = replica.store.records.current(register)
    if record is None or not record.body:
        newest = replica.store.records.newest(register)
        return GONE if newest is not None and newest.withdrawn else None
    body, terms = body_of(record), moves.exchange_state(replica, exchange).terms
    return CHANGED if (body.type, body.lend) != (terms.type, terms.lend) else None
