"""Ends and renews listings: the owner closes, withdraws or renews one, or it is taken until nothing is left.

`states` says which state follows which. To other people all endings look alike: the listing is gone, on every node. The
owner's node remembers for some weeks what was closed or taken or has expired, and `renew` posts it again under its old
id. What the owner withdrew is forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.listings import archive, expiry, listings
from meshnode.app.listings.listings import check_count, check_place, may_reduce_access, rewritten
from meshnode.app.listings.states import ListingEvent, ListingState, after, is_remembered
from meshnode.app.listings.view import ListingView, body_of, view
from meshnode.app.owner import places
from meshnode.app.picking import Candidate, pick
from meshnode.errors import NotFound, Refused
from meshnode.replica import authoring
from meshnode.replica.replica import Replica
from meshnode.store import ArchivedListing
from protocol import Audience, Kind, Listing, Quantity, Record, simplest


@dataclass(frozen=True, slots=True)
class Renewal:
    """For how long (`expires_in`, seconds; null: as long as a new one would), and its new dates; null: those it has."""

    expires_in: int | None = None
    available_until: int | None = None
    return_by: int | None = None


class OwnListing(NamedTuple):
    """An own listing with its state on this node, and its last version that has a body."""

    state: ListingState
    record: Record


def renew(replica: Replica, catalog: Catalog, which: str, order: Renewal) -> ListingView:
    """Give an own listing, open or ended, as long a life from now on as a new one would have.

    Raises NotFound or Ambiguous as `find` does, Refused where it was available only until a date that is past, and Usage
    for a life that no listing may have.
    """
    state, record = _named(replica, catalog, which)
    if state is not ListingState.OPEN:
        check_count(replica)
    before, now = body_of(record), replica.clock.now()
    for option, verb, date, given in (
        ("--until", "was available only until", before.available_until, order.available_until),
        ("--return-by", "was to be given back by", before.return_by, order.return_by),
    ):
        if given is None and date is not None and date <= now:
            raise Refused(
                f"{before.title} {verb} a date in the past",
                f"say which date it is now: meshnode renew LISTING {option} DATE",
            )
    expiry.check_dates(available_until=order.available_until, return_by=order.return_by, now=now)
    dates = {"available_until": order.available_until, "return_by": order.return_by}
    body = rewritten(replica, before, **{name: date for name, date in dates.items() if date is not None})
    expires = now + expiry.life_of(body, order.expires_in, now)
    check_place(replica, Audience(record.header.audience), body)
    return view(replica, _write(replica, OwnListing(state, record), body, expires))


def close(replica: Replica, catalog: Catalog, which: str) -> ListingView:
    """Close an own listing: it goes away on every node, and this one remembers it. Returns it as it was."""
    record = listings.find(replica, catalog, which, own_only=True, destructive=True)
    shown = view(replica, record)
    _end(replica, record, ListingEvent.CLOSE)
    return shown


def withdraw(replica: Replica, catalog: Catalog, which: str) -> ListingView:
    """Withdraw an own listing: it goes away on every node, this one included. Returns it as it was."""
    record = listings.find(replica, catalog, which, own_only=True, destructive=True)
    shown = view(replica, record)
    with replica.transaction():
        _end(replica, record, ListingEvent.WITHDRAW)
        replica.store.places.forget(record.header.slot)
    return shown


# --- promised piece by piece ---------------------------------------------------------------------------------------------


def take(replica: Replica, slot: bytes, quantity: Quantity) -> Quantity | None:
    """Lower the quantity of the own listing in `slot`, since that much is promised; with nothing left it ends as taken.

    Returns what is left; None where the quantity is not limited, and then nothing changes. Raises NotFound where the
    listing is not open, Refused where less is left.
    """
    own = _own_listing(replica, slot)
    if own is None or after(own.state, ListingEvent.TAKE_SOME) is None:
        raise NotFound("that post has ended", "'meshnode mine --closed' lists what has ended")
    body = body_of(own.record)
    if body.quantity is None:
        return None
    left = simplest(body.quantity - quantity)
    if left < 0:
        raise Refused(
            f"only {body.quantity} left of {body.title}",
            "agree on less, or change the quantity: meshnode edit LISTING --quantity NUMBER",
        )
    if left == 0:
        _end(replica, own.record, ListingEvent.TAKE_REST)
    else:
        _write(replica, own, rewritten(replica, body, quantity=left), own.record.header.expires)
    return left


def put_back(replica: Replica, slot: bytes, quantity: Quantity) -> None:
    """Raise the quantity of the own listing in `slot`, since that much is free again; it opens again if it was taken.

    Does nothing where the quantity is not limited, where the owner closed or withdrew the listing, and where it would
    have expired by now.
    """
    own = _own_listing(replica, slot)
    if own is None or after(own.state, ListingEvent.PUT_BACK) is None:
        return
    body, expires = body_of(own.record), own.record.header.expires
    if body.quantity is None or expires <= replica.clock.now():
        return
    left = body.quantity if own.state is ListingState.OPEN else 0  # what is remembered has its last quantity
    _write(replica, own, rewritten(replica, body, quantity=simplest(left + quantity)), expires)


# --- inside --------------------------------------------------------------------------------------------------------------


def _named(replica: Replica, catalog: Catalog, which: str) -> OwnListing:
    """Return the own listing that `which` means, as `picking.pick` finds it; an open one goes before an ended one."""
    in_use = [
        Candidate(OwnListing(ListingState.OPEN, one.item), one.id, one.name, one.label, preferred=True)
        for one in listings.candidates(replica, catalog, which, own_only=True)
    ]
    ended = [Candidate(_remembered(one.item), one.id, one.name, one.label) for one in archive.candidates(replica)]
    found = pick(which, [*in_use, *ended], noun="post")
    if found is None:
        raise NotFound(f"no post of yours is called {which!r}", "'meshnode mine' lists your posts")
    return found


def _own_listing(replica: Replica, slot: bytes) -> OwnListing | None:
    """Return the own listing in `slot`; None where it was withdrawn or forgotten, or its end was not noted yet."""
    record = replica.store.records.current((replica.me, Kind.LISTING, slot))
    if record is not None and record.header.expires > replica.clock.now():
        return OwnListing(ListingState.OPEN, record)
    ended = replica.store.archive.of(slot)
    return None if ended is None else _remembered(ended)


def _remembered(ended: ArchivedListing) -> OwnListing:
    return OwnListing(ListingState(ended.state), ended.record)


def _end(replica: Replica, record: Record, event: ListingEvent) -> None:
    """End an open listing by `event`, and remember it where it can be opened again."""
    state = after(ListingState.OPEN, event)
    assert state is not None
    with replica.transaction():
        authoring.withdraw(replica, Kind.LISTING, record.header.slot)
        if is_remembered(state):
            archive.remember(replica, state, replica.clock.now(), record)


def _write(replica: Replica, own: OwnListing, body: Listing, expires: int) -> Record:
    """Write the next version of a listing, which is open from then on."""
    record, reopens = own.record, own.state is not ListingState.OPEN
    audience, slot = Audience(record.header.audience), record.header.slot
    if reopens:  # the owner may publish places less exactly by now
        body = rewritten(replica, body, place=places.at_current_precision(replica, slot, body.place))
    with replica.transaction():
        replica.store.archive.forget(slot)
        return authoring.write(
            replica,
            Kind.LISTING,
            slot,
            body,
            life=expires - replica.clock.now(),
            audience=audience,
            may_reduce_access=not reopens and may_reduce_access(replica, record, audience, body, expires),
            above=record.header.version + 1 if reopens else 0,  # ending it took one version more
        )
