"""Hides listings that the owner of this node does not want to see any more. Nobody else learns of it."""

from __future__ import annotations

from msgspec import Struct

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.catalog.entries import available_until
from meshnode.app.catalog.ids import listing_id, listing_key, number_of, numbers_of
from meshnode.app.listings.listings import find
from meshnode.app.listings.view import body_of
from meshnode.app.picking import Candidate, pick
from meshnode.errors import NotFound, Refused
from meshnode.quoting import quoted
from meshnode.replica.replica import Replica
from meshnode.store import Hidden
from protocol import limits


class HiddenView(Struct, frozen=True):
    """A listing that you hide from yourself, with the title it had then, and since when (UNIX seconds)."""

    id: str
    title: str
    since: int


class HiddenListView(Struct, frozen=True):
    """The listings that you hide from yourself, the latest first."""

    hidden: tuple[HiddenView, ...]


def hide(replica: Replica, catalog: Catalog, which: str) -> HiddenView:
    """Leave the listing that `which` names, in all its versions, out of `discover`, `news` and watches.

    Raises Refused for an own listing, and where too many are hidden; NotFound or Ambiguous as `find` does.
    """
    record = find(replica, catalog, which)
    if record.header.author == replica.me:
        raise Refused("this is your own post", "to take it back everywhere: meshnode withdraw LISTING")
    author, slot, body = record.header.author, record.header.slot, body_of(record)
    listing, key = listing_id(author, slot), listing_key(author, slot)
    known = _hidden(replica, catalog)
    before = [hidden for hidden in known if hidden.listing == listing]
    for stale in set(replica.store.discover.hidden()) - set(known):
        replica.store.discover.unhide(stale.listing)
    if not before and len(known) >= limits.HIDDEN_MAX:
        raise Refused(
            "you hide {most} posts already", "show one again: meshnode hide --undo LISTING", most=limits.HIDDEN_MAX
        )
    since = before[0].since if before else replica.clock.now()
    hidden = Hidden(listing, body.title, since, available_until(record.header.expires, body))
    with replica.transaction():
        replica.store.discover.hide(hidden)
        replica.store.discover.close_alerts(key)
    catalog.hidden.hide(number_of(author, slot), catalog.entries_of({key}).get(key))
    return _view(hidden)


def unhide(replica: Replica, catalog: Catalog, which: str) -> HiddenView:
    """Show again the hidden listing that `which` means: by its id, or by its title at the time when it was hidden."""
    found = pick(which, [_candidate(one) for one in _hidden(replica, catalog)], noun="post")
    if found is None:
        raise NotFound(
            "you hide no post called {which}", "'meshnode hide --list' lists what you hide", which=repr(which)
        )
    replica.store.discover.unhide(found.listing)
    catalog.hidden.unhide(found.listing)
    return _view(found)


def _candidate(hidden: Hidden) -> Candidate[Hidden]:
    return Candidate(hidden, hidden.listing, hidden.title, lambda: f"{quoted(hidden.title)} ({hidden.listing})")


def hidden(replica: Replica, catalog: Catalog) -> HiddenListView:
    """Return what the owner hides."""
    return HiddenListView(tuple(_view(one) for one in _hidden(replica, catalog)))


def _hidden(replica: Replica, catalog: Catalog) -> list[Hidden]:
    """Return what is hidden and could still come into view: once expired, only what its author has renewed."""
    catalog.catch_up()
    now, in_use = replica.clock.now(), catalog.hidden_in_use()
    return [
        one
        for one in replica.store.discover.hidden()
        if one.until > now or not in_use.isdisjoint(numbers_of(one.listing))
    ]


def _view(hidden: Hidden) -> HiddenView:
    return HiddenView(hidden.listing, hidden.title, hidden.since)
