"""Compares what was asked for with what the listing says by now, so that neither side is surprised by an edit."""

from __future__ import annotations

from meshnode.app.exchanges.moves import ExchangeHistory
from meshnode.app.listings import lifecycle
from meshnode.app.listings.view import body_of
from meshnode.replica.access import Access, access_key
from meshnode.replica.replica import Replica
from protocol import Kind, Listing, Quantity
from protocol.letters import UNFINISHED, Action, Terms, text_hash


def terms_in(body: Listing, *, nonce: bytes, slot: bytes, quantity: Quantity | None) -> Terms:
    """Return the terms for asking for `quantity` of a listing as it is now."""
    return Terms(
        nonce=nonce,
        slot=slot,
        type=body.type,
        title=body.title,
        category=body.category,
        quantity=quantity,
        unit=body.unit,
        lend=body.lend,
        return_by=body.return_by,
        available_from=body.available_from,
        available_until=body.available_until,
        text_hash=text_hash(body.text),
    )


def changed_terms(replica: Replica, found: ExchangeHistory) -> Terms | None:
    """Return the terms as the listing says them by now; None where they are those that were asked for, or unknown.

    The owner's node looks at the listing, the asker's at what the owner said with the acceptance, and before that at
    the listing as far as it still sees it.
    """
    accepted = next((one.move.terms for one in found.moves if one.move.action is Action.ACCEPT), None)
    if accepted is not None:
        return accepted if found.terms.differences(accepted) else None
    body = _listing_now(replica, found)
    if body is None or found.exchange.stage not in UNFINISHED:
        return None
    asked = found.terms
    now = terms_in(body, nonce=asked.nonce, slot=asked.slot, quantity=asked.quantity)
    return now if asked.differences(now) else None


def changes(replica: Replica, found: ExchangeHistory) -> tuple[str, ...]:
    """Return what has changed since it was asked for, in words: those of `protocol.letters.COMPARED`, and `quantity`.

    `quantity` says that less is left than was asked for and is not promised yet.
    """
    now = changed_terms(replica, found)
    words = () if now is None else found.terms.differences(now)
    return (*words, "quantity") if _too_little_is_left(replica, found) else words


def _too_little_is_left(replica: Replica, found: ExchangeHistory) -> bool:
    body = _listing_now(replica, found)
    asked = found.terms.quantity
    is_open = not any(one.move.action is Action.ACCEPT for one in found.moves) and found.exchange.stage in UNFINISHED
    return is_open and body is not None and body.quantity is not None and body.quantity < (asked or 0)


def _listing_now(replica: Replica, found: ExchangeHistory) -> Listing | None:
    """Return the listing of an exchange as this node sees it now; None where it is gone or hidden."""
    if not found.asked:
        own = lifecycle.own_listing(replica, found.terms.slot)
        return None if own is None else body_of(own.record)
    record = replica.store.records.current((found.exchange.other, Kind.LISTING, found.terms.slot))
    if record is None or not record.body:
        return None
    rows = replica.store.records.rows_of([record.id])
    visible = any(replica.access.decide(replica.me, access_key(row)) is Access.ALLOW for row in rows)
    return body_of(record) if visible else None
