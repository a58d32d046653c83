"""What the owner posted and what is over: remembered for some weeks on this node alone, so that it can be renewed.

What he withdrew is not among it: that was taken back. Everywhere else all three are gone alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from meshnode.app.catalog.catalog import listing_id, searchable
from meshnode.app.listings.view import body_of
from meshnode.replica.replica import Replica
from meshnode.store import ArchivedListing, RecordState, Row
from protocol import Kind, Record, limits

EXPIRED = "expired"
CLOSED = "closed"
TAKEN = "taken"  # nothing was left of it
REMEMBERED = 30 * limits.DAY  # from its end on, and at least for as long as it would have stood
_ID_LETTERS_MIN = 4


@dataclass(frozen=True, slots=True)
class EndedView:
    """A listing of yours that is over. `how` is `expired`, `closed` or `taken` (nothing was left of it); `at` says when."""

    id: str
    type: str
    title: str
    category: str
    how: str
    at: int


def remembered(replica: Replica) -> tuple[EndedView, ...]:
    """What is over, the latest first."""
    return tuple(_view(replica, ended) for ended in _over(replica))


def remember(replica: Replica, how: str, at: int, record: Record) -> None:
    """Keep an own listing that is over since then, or about to be."""
    replica.store.archive.remember(ArchivedListing(how, at, record), until=max(at + REMEMBERED, record.header.expires))


def keep_expired(replica: Replica, going: Sequence[Row]) -> None:
    """Remember those of the records that are about to be purged which are listings of the owner's that ran out."""
    now = replica.clock.now()
    own = [
        row.id
        for row in going
        if row.author == replica.me and row.kind == Kind.LISTING and row.state == RecordState.LIVE
    ]
    for record in replica.store.records.get_many(own) if own else ():
        if record.body and record.header.expires <= now:
            remember(replica, EXPIRED, record.header.expires, record)


def exactly(replica: Replica, text: str) -> ArchivedListing | None:
    """The one of this whole id, else the latest of this whole title."""
    as_id, title = text.strip().casefold(), searchable(text)
    over = _over(replica)
    by_id = (ended for ended in over if _id(replica, ended) == as_id)
    return next(by_id, next((ended for ended in over if title and _title(ended) == title), None))


def by_prefix(replica: Replica, text: str) -> list[ArchivedListing]:
    """Those whose title or id begins so."""
    as_id, title = text.strip().casefold(), searchable(text)
    long = len(as_id) >= _ID_LETTERS_MIN
    return [
        ended
        for ended in _over(replica)
        if (title and _title(ended).startswith(title)) or (long and _id(replica, ended).startswith(as_id))
    ]


def described(replica: Replica, ended: ArchivedListing) -> str:
    """How it is named among several that could be meant."""
    return f"{body_of(ended.record).title} ({_id(replica, ended)}, {ended.how})"


def _over(replica: Replica) -> list[ArchivedListing]:
    """What is over and does not stand again: another device of the owner's may have renewed it."""
    now, used = replica.clock.now(), replica.store.records.current
    again = (
        (ended, used((replica.me, Kind.LISTING, ended.record.header.slot))) for ended in replica.store.archive.all()
    )
    return [ended for ended, standing in again if standing is None or standing.header.expires <= now]


def _title(ended: ArchivedListing) -> str:
    return searchable(body_of(ended.record).title)


def _id(replica: Replica, ended: ArchivedListing) -> str:
    return listing_id(replica.me, ended.record.header.slot)


def _view(replica: Replica, ended: ArchivedListing) -> EndedView:
    body = body_of(ended.record)
    return EndedView(_id(replica, ended), body.type, body.title, body.category, ended.how, ended.at)
