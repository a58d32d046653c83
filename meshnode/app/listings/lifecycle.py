"""How listings end and go on: renewed, closed, withdrawn, or taken piece by piece until nothing is left.

To others all endings are alike: the listing is gone, everywhere. They differ in what its owner keeps of it. What he
withdraws is taken back, and forgotten. What he closes is done with, and what ran out or was taken is over: this node
remembers it for some weeks, and `renew` posts it again under its old id.
"""

from __future__ import annotations

from dataclasses import dataclass

from meshnode.app.catalog.catalog import Catalog, searchable
from meshnode.app.listings import archive, expiry
from meshnode.app.listings.listings import check_count, check_place, find, may_reduce_access, rewritten
from meshnode.app.listings.view import ListingView, body_of, view
from meshnode.app.naming import ambiguous
from meshnode.app.owner import places
from meshnode.errors import NotFound, Refused
from meshnode.replica import authoring
from meshnode.replica.replica import Replica
from protocol import Audience, Kind, Listing, Record


@dataclass(frozen=True, slots=True)
class Renewal:
    """For how long (`expires_in`, seconds; null: as long as a new one would), and until when it can now be had."""

    expires_in: int | None = None
    available_until: int | None = None


def renew(replica: Replica, catalog: Catalog, which: str, order: Renewal) -> ListingView:
    """Let an own listing stand as long again as a new one would, be it over already."""
    record, over = _own(replica, catalog, which)
    if over:
        check_count(replica)
    before, now = body_of(record), replica.clock.now()
    if order.available_until is None and before.available_until is not None and before.available_until <= now:
        raise Refused(
            f"{before.title} was available until a date that is past",
            "give a new date: meshnode renew LISTING --until DATE",
        )
    changes = {} if order.available_until is None else {"available_until": order.available_until}
    body = rewritten(replica, before, **changes)
    expires = now + expiry.of(body, order.expires_in, now)
    audience = Audience(record.header.audience)
    check_place(replica, audience, body)
    written = _write(replica, record, body, expires, reopens=over)
    return view(replica, written)


def close(replica: Replica, catalog: Catalog, which: str) -> ListingView:
    """Close an own listing, since it is done with: gone everywhere, remembered here. Returns it as it was."""
    record = find(replica, catalog, which, own_only=True)
    shown = view(replica, record)
    _end(replica, record, archive.CLOSED)
    return shown


def withdraw(replica: Replica, catalog: Catalog, which: str) -> ListingView:
    """Take an own listing back, everywhere and here. Returns it as it was."""
    record = find(replica, catalog, which, own_only=True)
    shown = view(replica, record)
    slot = record.header.slot
    with replica.transaction():
        authoring.withdraw(replica, Kind.LISTING, slot)
        replica.store.places.forget(slot)
    return shown


# --- piece by piece ------------------------------------------------------------------------------------------------------


def take(replica: Replica, slot: bytes, quantity: int) -> int | None:
    """So many of own listing `slot` have found somebody: the quantity goes down, and with nothing left it ends.

    Returns what is left; None where it is not limited, and then nothing changes. NotFound where it does not stand any more, Refused where less is left.
    """
    record = _standing(replica, slot)
    if record is None:
        raise NotFound("that post has ended", "'meshnode mine --closed' lists posts that have ended")
    body = body_of(record)
    if body.quantity is None:
        return None
    left = body.quantity - quantity
    if left < 0:
        raise Refused(
            f"not enough left: {body.title} ({body.quantity})",
            "agree on less, or change the quantity with 'meshnode edit'",
        )
    if left == 0:
        _end(replica, record, archive.TAKEN)
    else:
        _write(replica, record, rewritten(replica, body, quantity=left), record.header.expires)
    return left


def put_back(replica: Replica, slot: bytes, quantity: int) -> None:
    """So many of own listing `slot` are to be had again: the quantity goes up, and what ended as taken stands again.

    Nothing happens where it is not limited, was closed or withdrawn, or
    would have run out by now.
    """
    standing, over = _standing(replica, slot), replica.store.ended.of(slot)
    if standing is not None:
        body = body_of(standing)
        if body.quantity is not None:
            again = rewritten(replica, body, quantity=body.quantity + quantity)
            _write(replica, standing, again, standing.header.expires)
    elif over is not None and over.how == archive.TAKEN and over.record.header.expires > replica.clock.now():
        body = rewritten(replica, body_of(over.record), quantity=quantity)
        _write(replica, over.record, body, over.record.header.expires, reopens=True)


# --- inside --------------------------------------------------------------------------------------------------------------


def _own(replica: Replica, catalog: Catalog, which: str) -> tuple[Record, bool]:
    """The own listing that `which` names, and whether it is over.

    A whole title or id goes before a beginning, and what stands before what is over.
    """
    standing = catalog.matching(which, own_only=True)
    named_whole = any(entry.title == searchable(which) or entry.id == which.strip().casefold() for entry in standing)
    over = archive.exactly(replica, which)
    if over is not None and not named_whole:
        return over.record, True
    begun = archive.by_prefix(replica, which)
    if standing or not begun:
        return find(replica, catalog, which, own_only=True), False
    if len(begun) > 1:
        raise ambiguous(which, [archive.described(replica, each) for each in begun])
    return begun[0].record, True


def _standing(replica: Replica, slot: bytes) -> Record | None:
    record = replica.store.records.used((replica.me, Kind.LISTING, slot))
    return record if record is not None and record.header.expires > replica.clock.now() else None


def _end(replica: Replica, record: Record, how: str) -> None:
    with replica.transaction():
        authoring.withdraw(replica, Kind.LISTING, record.header.slot)
        archive.remember(replica, how, replica.clock.now(), record)


def _write(
    replica: Replica,
    record: Record,
    body: Listing,
    expires: int,
    *,
    reopens: bool = False,
) -> Record:
    """The next version of `record`, which said something else or is over."""
    audience, slot = Audience(record.header.audience), record.header.slot
    if reopens:  # meanwhile places may be told less exactly
        body = rewritten(replica, body, place=places.as_told(replica, slot, body.place))
    with replica.transaction():
        replica.store.ended.forget(slot)
        return authoring.write(
            replica,
            Kind.LISTING,
            slot,
            body,
            life=expires - replica.clock.now(),
            audience=audience,
            may_reduce_access=not reopens and may_reduce_access(replica, record, audience, body, expires),
            above=record.header.version + 1 if reopens else 0,  # one more was spent on its end
        )
