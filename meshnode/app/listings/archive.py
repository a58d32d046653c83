"""What the owner posted and what is over: remembered for some weeks on this node alone, so that it can be renewed.

What he withdrew is not among it: that was taken back. Everywhere else all three are gone alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from meshnode.app.catalog.catalog import listing_id
from meshnode.app.listings.view import body_of
from meshnode.app.picking import Candidate, alike
from meshnode.replica.replica import Replica
from meshnode.store import ArchivedListing, RecordState, Row
from protocol import Kind, Record, limits

EXPIRED = "expired"
CLOSED = "closed"
TAKEN = "taken"  # nothing was left of it
REMEMBERED = 30 * limits.DAY  # from its end on, and at least for as long as it would have stood


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
    replica.store.ended.remember(ArchivedListing(how, at, record), until=max(at + REMEMBERED, record.header.expires))


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


def candidates(replica: Replica) -> list[Candidate[Record]]:
    """Return the ended listings for a search by name or id. Of several of one title the latest goes by it."""
    found, titles = [], set()
    for ended in _over(replica):
        title = body_of(ended.record).title
        named = alike(title) not in titles
        titles.add(alike(title))
        found.append(_candidate(ended, _id(replica, ended), title if named else ""))
    return found


def _candidate(ended: ArchivedListing, id_: str, name: str) -> Candidate[Record]:
    body = body_of(ended.record)
    return Candidate(ended.record, id_, name, lambda: f"{body.title} ({body.type} {id_}, {ended.how})")


def _over(replica: Replica) -> list[ArchivedListing]:
    """What is over and does not stand again: another device of the owner's may have renewed it."""
    now, used = replica.clock.now(), replica.store.records.used
    again = ((ended, used((replica.me, Kind.LISTING, ended.record.header.slot))) for ended in replica.store.ended.all())
    return [ended for ended, standing in again if standing is None or standing.header.expires <= now]


def _id(replica: Replica, ended: ArchivedListing) -> str:
    return listing_id(replica.me, ended.record.header.slot)


def _view(replica: Replica, ended: ArchivedListing) -> EndedView:
    body = body_of(ended.record)
    return EndedView(_id(replica, ended), body.type, body.title, body.category, ended.how, ended.at)
