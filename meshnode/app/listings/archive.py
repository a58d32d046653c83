"""Remembers for some weeks the owner's listings that have ended, on this node alone, so that they can be renewed.

What the owner withdrew is not among them.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from meshnode.app.catalog.ids import listing_id
from meshnode.app.listings.photos import PhotoView, views
from meshnode.app.listings.states import ListingEvent, ListingState, after
from meshnode.app.listings.view import body_of
from meshnode.app.picking import Candidate, alike
from meshnode.quoting import quoted
from meshnode.replica.replica import Replica
from meshnode.store import ArchivedListing, RecordState, Row
from protocol import Kind, Record, limits

REMEMBERED = 30 * limits.DAY  # from its end on, and at least until it would have expired


class EndedView(Struct, frozen=True):
    """A listing of yours that has ended: `how` (`expired`, `closed`, or `taken` to the last piece), and when (`at`).

    Its `photos` stay as long as it can be renewed.
    """

    id: str
    type: str
    title: str
    category: str
    how: str
    at: int
    photos: tuple[PhotoView, ...]


def remembered(replica: Replica) -> tuple[EndedView, ...]:
    """Return the listings that have ended and are remembered, the latest first."""
    return tuple(_view(replica, ended) for ended in _over(replica))


def remember(replica: Replica, state: ListingState, at: int, record: Record) -> None:
    """Keep an own listing that ended in `state` at that time (UNIX seconds)."""
    ended = ArchivedListing(state.value, at, record)
    replica.store.archive.remember(ended, until=max(at + REMEMBERED, record.header.expires))


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


def candidates(replica: Replica) -> list[Candidate[ArchivedListing]]:
    """Return the ended listings for a search by name or id. Of several of one title the latest goes by it."""
    found, titles = [], set()
    for ended in _over(replica):
        title = body_of(ended.record).title
        named = alike(title) not in titles
        titles.add(alike(title))
        found.append(_candidate(ended, _id(replica, ended), title if named else ""))
    return found


def _candidate(ended: ArchivedListing, id_: str, name: str) -> Candidate[ArchivedListing]:
    body = body_of(ended.record)
    return Candidate(ended, id_, name, lambda: f"{quoted(body.title)} ({body.type} {id_}, {ended.state})")


def _over(replica: Replica) -> list[ArchivedListing]:
    """Return what has ended and is not open again: another device of the owner's may have renewed it."""
    now, used = replica.clock.now(), replica.store.records.current
    newest = (
        (ended, used((replica.me, Kind.LISTING, ended.record.header.slot))) for ended in replica.store.archive.all()
    )
    return [ended for ended, record in newest if record is None or record.header.expires <= now]


def _id(replica: Replica, ended: ArchivedListing) -> str:
    return listing_id(replica.me, ended.record.header.slot)


def _view(replica: Replica, ended: ArchivedListing) -> EndedView:
    body = body_of(ended.record)
    photos = views(replica, body)
    return EndedView(_id(replica, ended), body.type, body.title, body.category, ended.state, ended.at, photos)
