"""Remembers for some weeks the owner's listings that have ended, on this node alone, so that they can be renewed.

What the owner withdrew is not among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from meshnode.app.catalog.catalog import listing_id, searchable
from meshnode.app.listings.states import ListingEvent, ListingState, after
from meshnode.app.listings.view import body_of
from meshnode.replica.replica import Replica
from meshnode.store import ArchivedListing, RecordState, Row
from protocol import Kind, Record, limits

REMEMBERED = 30 * limits.DAY  # from its end on, and at least until it would have expired
_ID_LETTERS_MIN = 4


@dataclass(frozen=True, slots=True)
class EndedView:
    """A listing of yours that has ended: `how` (`expired`, `closed`, or `taken` to the last piece), and when (`at`)."""

    id: str
    type: str
    title: str
    category: str
    how: str
    at: int


def remembered(replica: Replica) -> tuple[EndedView, ...]:
    """Return the listings that have ended and are remembered, the latest first."""
    return tuple(_view(replica, ended) for ended in _over(replica))


def remember(replica: Replica, state: ListingState, at: int, record: Record) -> None:
    """Keep an own listing that ended in `state` at that time (UNIX seconds)."""
    ended = ArchivedListing(state.value, at, record)
    replica.store.ended.remember(ended, until=max(at + REMEMBERED, record.header.expires))


def keep_expired(replica: Replica, going: Sequence[Row]) -> None:
    """Remember the owner's expired listings among the records that are about to be purged."""
    now, state = replica.clock.now(), after(ListingState.OPEN, ListingEvent.EXPIRE)
    assert state is not None
    own = [
        row.id
        for row in going
        if row.author == replica.me and row.kind == Kind.LISTING and row.state == RecordState.LIVE
    ]
    for record in replica.store.records.get_many(own) if own else ():
        if record.body and record.header.expires <= now:
            remember(replica, state, record.header.expires, record)


def exactly(replica: Replica, text: str) -> ArchivedListing | None:
    """Return the ended listing of this whole id, or else the latest of this whole title."""
    as_id, title = text.strip().casefold(), searchable(text)
    over = _over(replica)
    by_id = (ended for ended in over if _id(replica, ended) == as_id)
    return next(by_id, next((ended for ended in over if title and _title(ended) == title), None))


def by_prefix(replica: Replica, text: str) -> list[ArchivedListing]:
    """Return the ended listings whose title or id begins with `text`."""
    as_id, title = text.strip().casefold(), searchable(text)
    long = len(as_id) >= _ID_LETTERS_MIN
    return [
        ended
        for ended in _over(replica)
        if (title and _title(ended).startswith(title)) or (long and _id(replica, ended).startswith(as_id))
    ]


def described(replica: Replica, ended: ArchivedListing) -> str:
    """Return how `ended` is named among several that could be meant."""
    return f"{body_of(ended.record).title} ({_id(replica, ended)}, {ended.state})"


def _over(replica: Replica) -> list[ArchivedListing]:
    """Return what has ended and is not open again: another device of the owner's may have renewed it."""
    now, used = replica.clock.now(), replica.store.records.used
    newest = (
        (ended, used((replica.me, Kind.LISTING, ended.record.header.slot))) for ended in replica.store.ended.all()
    )
    return [ended for ended, record in newest if record is None or record.header.expires <= now]


def _title(ended: ArchivedListing) -> str:
    return searchable(body_of(ended.record).title)


def _id(replica: Replica, ended: ArchivedListing) -> str:
    return listing_id(replica.me, ended.record.header.slot)


def _view(replica: Replica, ended: ArchivedListing) -> EndedView:
    body = body_of(ended.record)
    return EndedView(_id(replica, ended), body.type, body.title, body.category, ended.state, ended.at)
