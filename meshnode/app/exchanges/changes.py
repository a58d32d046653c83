"""Compares what was asked for with what the listing says by now, so that neither side is surprised by an edit."""

from __future__ import annotations

from typing import NamedTuple

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


class Comparison(NamedTuple):
    """The result of comparing an ask with the listing as it is by now."""

    terms: Terms | None
    """The terms as the listing says them now; None where they are those that were asked for, or unknown."""
    words: tuple[str, ...]
    """What has changed: words of `protocol.letters.COMPARED`, and `quantity` if less is left than was asked for."""


UNCHANGED = Comparison(None, ())


def compare(replica: Replica, found: ExchangeHistory) -> Comparison:
    """Compare what was asked for with the listing as it is by now.

    The owner's node looks at the listing, the asker's at what the owner said with the acceptance, and else at the
    listing as far as it still sees it.
    """
    asked = found.terms
    acceptance = next((one.move for one in found.moves if one.move.action is Action.ACCEPT), None)
    if acceptance is not None and acceptance.terms is not None:
        return _compared(asked, acceptance.terms)
    body = _listing_now(replica, found) if found.exchange.stage in UNFINISHED else None
    if body is None:
        return UNCHANGED
    result = _compared(asked, terms_in(body, nonce=asked.nonce, slot=asked.slot, quantity=asked.quantity))
    too_little = body.quantity is not None and body.quantity < (asked.quantity or 0)
    if acceptance is None and too_little:
        return result._replace(words=(*result.words, "quantity"))
    return result


def _compared(asked: Terms, now: Terms) -> Comparison:
    words = asked.differences(now)
    return Comparison(now if words else None, words)


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
