"""Keeps listings in step with exchanges: how much is left, who was promised too much, and who can be answered at once.

How much is left is computed from the listing and from what exchanges hold of it, never added up from events, so it
comes to the same whatever happened in which order, on which device. When nothing is left, people who still wait are
told so kindly, and so are people who asked for something that the listing no longer is. Each step is found again from
the store, so a node that stops in between goes on later.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from meshnode.app.exchanges import moves, view
from meshnode.app.listings import lifecycle
from meshnode.app.listings.states import ListingState
from meshnode.app.listings.view import body_of
from meshnode.errors import NotFound, Refused
from meshnode.replica.replica import Replica
from meshnode.store import Exchange
from protocol import Kind, Quantity, left_of
from protocol.letters import Action, Stage, was_agreed

GONE, CHANGED = "gone", "changed"
PROMISED = (Stage.AGREED, Stage.GIVEN, Stage.RECEIVED)  # agreed on, and not confirmed by both


def follow_up(replica: Replica) -> None:
    """Do what the exchanges of this node ask for by now. What cannot be done yet waits for the next call."""
    moves.reconsider_asks(replica)
    moves.note_listing_ends(replica)
    if not replica.trust_state.certified(replica.me, replica.device):
        return  # what this device writes no longer counts
    for slot, held in replica.store.exchanges.held_by_slot(replica.me).items():
        _settle(replica, slot, held)
    for exchange in replica.store.exchanges.with_stage(Stage.REQUESTED, asked=False):
        reason = _answer(replica, exchange)
        if reason is not None:
            try:
                moves.make(replica, exchange, Action.DECLINE, reason=reason)
            except Refused:
                continue


def quantity_left(replica: Replica, slot: bytes) -> Quantity | None:
    """Return how much is left of the owner's listing in `slot`; None if it is not limited, or neither open nor remembered."""
    own = lifecycle.own_listing(replica, slot)
    return None if own is None else left_of(body_of(own.record), replica.store.exchanges.held(slot))


def promised_to(replica: Replica, exchange: Exchange) -> list[Exchange]:
    """Return the other exchanges about the same listing of the owner that hold something of it."""
    assert exchange.slot is not None, "what is shown was asked for"
    return [one for one in replica.store.exchanges.about(exchange.slot) if one.held and one.no != exchange.no]


# --- promised twice --------------------------------------------------------------------------------------------------


class Claim(NamedTuple):
    """The part of a listing that one exchange holds; claims sort in the order in which `exceeding` grants them."""

    only_agreed: bool
    """Whether nobody has said yet that it was handed over."""
    accepted: int
    """When the owner accepted, by the clock of the device that did."""
    exchange: bytes
    held: Quantity


def exceeding(total: Quantity, claims: Iterable[Claim]) -> list[Claim]:
    """Return the claims for which there is not enough, which every device of the owner computes alike.

    What was handed over goes first, then what was accepted earlier. What was handed over is never among them.
    """
    too_much, left = [], total
    for claim in sorted(claims):
        if claim.only_agreed and claim.held > left:
            too_much.append(claim)
        else:
            left -= claim.held
    return too_much


def _call_off_exceeding(replica: Replica, slot: bytes, total: Quantity) -> None:
    """Cancel what this device has promised and another device of the owner had promised to somebody else before."""
    claims = {}
    for exchange in replica.store.exchanges.about(slot):
        if exchange.held:
            made = moves.history(replica, exchange)
            accepted = min(kept.move.at for kept in made.moves if kept.move.action is Action.ACCEPT)
            claim = Claim(exchange.stage is Stage.AGREED, accepted, exchange.id, exchange.held)
            claims[claim] = exchange
    for claim in exceeding(total, claims):
        exchange = claims[claim]
        if exchange.accepted_here:
            try:
                moves.make(replica, exchange, Action.CANCEL, reason=view.TWICE)
            except Refused:
                continue


# --- inside ----------------------------------------------------------------------------------------------------------


def _settle(replica: Replica, slot: bytes, held: Quantity) -> None:
    """Let the listing in `slot` say how much is left of it, and call off what was promised twice."""
    own = lifecycle.own_listing(replica, slot)
    if own is None:
        return
    body = body_of(own.record)
    left, is_open = left_of(body, held), own.state is ListingState.OPEN
    if left is None or body.quantity is None or (is_open and left == body.quantity) or (not is_open and left == 0):
        return
    if left < 0:
        _call_off_exceeding(replica, slot, body.quantity + body.promised)
        held = replica.store.exchanges.held(slot)
    if _is_missing_an_agreement(replica, slot, body.promised):
        return
    try:
        lifecycle.settle(replica, slot, held)
    except (NotFound, Refused):
        return  # the listing has ended, or another device was faster


def _is_missing_an_agreement(replica: Replica, slot: bytes, promised: Quantity) -> bool:
    """Whether another device promised something in an exchange that has not come here yet."""
    if not promised:
        return False
    known: Quantity = 0
    for exchange in replica.store.exchanges.about(slot):
        made = moves.history(replica, exchange)
        if was_agreed(made.authored):
            known += 1 if made.terms.quantity is None else made.terms.quantity
    return known < promised


def _answer(replica: Replica, exchange: Exchange) -> str | None:
    """Return why a request can be declined without asking the owner; None if the owner has to decide."""
    assert exchange.slot is not None
    register = (replica.me, Kind.LISTING, exchange.slot)
    record = replica.store.records.current(register)
    if record is None or not record.body:
        newest = replica.store.records.newest(register)
        return GONE if newest is not None and newest.withdrawn else None
    body, terms = body_of(record), moves.history(replica, exchange).terms
    return CHANGED if (body.type, body.lend) != (terms.type, terms.lend) else None
