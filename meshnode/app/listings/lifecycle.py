"""Ends and renews listings: the owner closes, withdraws or renews one, or it is taken until nothing is left.

`states` says which state follows which. To other people all endings look alike: the listing is gone, on every node. The
owner's node remembers for some weeks what was closed or taken or has expired, and `renew` posts it again under its old
id. What the owner withdrew is forgotten.
"""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from meshnode.app import date
from meshnode.app.catalog.catalog import Catalog
from meshnode.app.listings import archive, expiry, listings
from meshnode.app.listings import photos as photo_cases
from meshnode.app.listings.listings import check_count, check_place, may_reduce_access, rewritten
from meshnode.app.listings.states import ListingEvent, ListingState, after, is_remembered
from meshnode.app.listings.view import ListingView, body_of, view
from meshnode.app.owner import places
from meshnode.app.picking import Candidate, pick
from meshnode.errors import NotFound, Refused, StorageFull
from meshnode.quoting import named, quoted
from meshnode.replica import authoring
from meshnode.replica.replica import Replica
from meshnode.store import ArchivedListing, Exchange
from meshnode.text.catalog import message
from protocol import Audience, Kind, Listing, Quantity, Record, left_of
from protocol.letters import LENT_OUT, UNFINISHED


class Renewal(Struct, frozen=True):
    """For how long (`expires_in`, seconds; null: as long as a new one would), and its new dates; null: those it has.

    `quantity` is how much there is now beside what is promised; null: what is left, or, once all of it was given, as
    much as before.
    """

    expires_in: int | None = None
    available_until: int | None = None
    return_by: int | None = None
    quantity: Quantity | None = None


class OwnListing(NamedTuple):
    """An own listing with its state on this node, and its last version that has a body."""

    state: ListingState
    record: Record


def renew(replica: Replica, catalog: Catalog, which: str, order: Renewal) -> ListingView:
    """Give an own listing, open or ended, as long a life from now on as a new one would have.

    Raises NotFound or Ambiguous as `find` does, Refused where it was available only until a date that is past, and Usage
    for a life that no listing may have.
    """
    return _renew(replica, _named(replica, catalog, which), order)


def renew_ending(replica: Replica, slot: bytes) -> None:
    """Renew the own listing in `slot` if it has expired or ends within a day; else do nothing. Raises as `renew`."""
    own = own_listing(replica, slot)
    if own is None or own.state not in (ListingState.OPEN, ListingState.EXPIRED):
        return
    if own.record.header.expires <= replica.clock.now() + expiry.WARNED:
        _renew(replica, own, Renewal())


def _renew(replica: Replica, own: OwnListing, order: Renewal) -> ListingView:
    state, record = own
    if state is not ListingState.OPEN:
        check_count(replica)
    before, now = body_of(record), replica.clock.now()
    for option, past, day, given in (
        (
            "--until",
            message("{title} was available only until a date in the past"),
            before.available_until,
            order.available_until,
        ),
        (
            "--return-by",
            message("{title} was to be given back by a date in the past"),
            before.return_by,
            order.return_by,
        ),
    ):
        if given is None and day is not None and day <= now:
            raise Refused(
                past,
                "say which date it is now: meshnode renew LISTING {option} DATE",
                title=quoted(before.title),
                option=option,
            )
    expiry.check_dates(available_until=order.available_until, return_by=order.return_by, now=now)
    dates = {"available_until": order.available_until, "return_by": order.return_by}
    body = rewritten(
        replica,
        before,
        **{name: when for name, when in dates.items() if when is not None},
        **_stock(replica, state, record, order.quantity),
    )
    expires = now + expiry.life_of(body, order.expires_in, now)
    check_place(replica, Audience(record.header.audience), body)
    renewed = view(replica, _write(replica, own, body, expires))
    return replace(renewed, warning=date.warning(replica, expires))


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
    with suppress(StorageFull):  # it is withdrawn, and upkeep deletes them when there is space
        photo_cases.clear_up(replica, gone=body_of(record).photos)
    return shown


# --- promised piece by piece ---------------------------------------------------------------------------------------------


def own_listing(replica: Replica, slot: bytes) -> OwnListing | None:
    """Return the own listing in `slot`; None where it was withdrawn or forgotten."""
    record = replica.store.records.current((replica.me, Kind.LISTING, slot))
    if record is not None and record.body:
        expired = record.header.expires <= replica.clock.now()
        return OwnListing(ListingState.EXPIRED if expired else ListingState.OPEN, record)
    ended, newest = replica.store.archive.of(slot), replica.store.records.newest((replica.me, Kind.LISTING, slot))
    if ended is None or (newest is not None and newest.header.version > ended.record.header.version + 1):
        return None  # another device of the owner's has renewed it and ended it since, and knows how
    return _remembered(ended)


def settle(replica: Replica, slot: bytes, held: Quantity) -> None:
    """Let the own listing in `slot` say how much is left while exchanges hold `held` of it.

    With nothing left it ends as taken, and it opens again when something is left. Nothing is done where the quantity is
    not limited, where the owner closed or withdrew the listing, and where it would have expired by now.
    """
    own = own_listing(replica, slot)
    left = None if own is None else left_of(body_of(own.record), held)
    if own is None or left is None:
        return
    body = body_of(own.record)
    if own.state is ListingState.OPEN and left <= 0:
        _end(replica, own.record, ListingEvent.TAKE_REST)
    elif left <= 0 or (own.state is ListingState.OPEN and left == body.quantity):
        return
    elif after(own.state, ListingEvent.PUT_BACK) is not None and own.record.header.expires > replica.clock.now():
        said = rewritten(replica, body, quantity=left, promised=held)
        _write(replica, own, said, own.record.header.expires)


# --- inside --------------------------------------------------------------------------------------------------------------


def _stock(replica: Replica, state: ListingState, record: Record, quantity: Quantity | None) -> dict[str, Quantity]:
    """Return the fields of a renewed listing that say how much there is; none where it is not limited.

    Raises Refused where all of it is promised to somebody who has not got it yet.
    """
    slot, body = record.header.slot, body_of(record)
    held = replica.store.exchanges.held(slot)
    if quantity is not None:
        return {"quantity": quantity, "promised": held}
    left = left_of(body, held)
    if left is None or body.quantity is None or (left > 0 and state is ListingState.OPEN):
        return {}
    if left > 0:
        return {"quantity": left, "promised": held}
    waiting = [one for one in replica.store.exchanges.about(slot) if one.held and is_expected(one)]
    if waiting:
        raise Refused(
            "all of {title} is promised or lent to {name}",
            "if there is more of it: meshnode renew LISTING --quantity NUMBER",
            title=quoted(body.title),
            name=named(waiting[0].name),
        )
    return {"quantity": body.quantity, "promised": held}


def is_expected(exchange: Exchange) -> bool:
    """Whether something is still to happen: it is promised and not confirmed by both, or lent and not back."""
    return exchange.stage in UNFINISHED or (exchange.lend and exchange.stage in LENT_OUT)


def _named(replica: Replica, catalog: Catalog, which: str) -> OwnListing:
    """Return the own listing that `which` means, as `picking.pick` finds it; an open one goes before an ended one."""
    in_use = [
        Candidate(OwnListing(ListingState.OPEN, one.item), one.id, one.name, one.label, preferred=True)
        for one in listings.candidates(replica, catalog, which, own_only=True)
    ]
    ended = [Candidate(_remembered(one.item), one.id, one.name, one.label) for one in archive.candidates(replica)]
    found = pick(which, [*in_use, *ended], noun="post")
    if found is None:
        raise NotFound("no post of yours is called {which}", "'meshnode mine' lists your posts", which=repr(which))
    return found


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
