"""Puts everything that is the owner's into one document, to keep or to take elsewhere.

It holds no keys, no secrets of cards, and no listings of others.
"""

from __future__ import annotations

from msgspec import Struct

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.discover import hiding, watches
from meshnode.app.discover.hiding import HiddenView
from meshnode.app.discover.watches import Watcher, WatchView
from meshnode.app.exchanges import exchanges, view
from meshnode.app.exchanges.view import ExchangeView
from meshnode.app.groups import groups
from meshnode.app.groups.groups import GroupsQuery, GroupView
from meshnode.app.listings import listings
from meshnode.app.listings.archive import EndedView
from meshnode.app.listings.view import ListingView
from meshnode.app.naming import PersonRef, reference
from meshnode.app.owner import policy
from meshnode.app.owner import preference as sharing
from meshnode.app.owner.preference import SharingView
from meshnode.app.people import blocks, yourself
from meshnode.app.people.blocks import BlockView
from meshnode.app.people.yourself import OwnNameView
from meshnode.replica.replica import Replica
from meshnode.slices import Steps
from protocol import limits

FORMAT = 1  # raised when a field changes its meaning; new fields do not raise it


class GivenVouch(Struct, frozen=True):
    """A person you vouch for, and how much: 0.001 to 1."""

    person: PersonRef
    trust: float


class ExportView(Struct, frozen=True):
    """Everything on this node that is yours, as it was at `made` (UNIX seconds); `format` is 1.

    `sharing` has your exact place, if this node knows it, and `exchanges` has the messages between you and others: the
    document is for you alone.
    """

    format: int
    made: int
    person: PersonRef
    about: str
    sharing: SharingView
    listings: tuple[ListingView, ...]
    ended: tuple[EndedView, ...]
    exchanges: tuple[ExchangeView, ...]
    vouches: tuple[GivenVouch, ...]
    blocks: tuple[BlockView, ...]
    groups: tuple[GroupView, ...]
    names: tuple[OwnNameView, ...]
    watches: tuple[WatchView, ...]
    hidden: tuple[HiddenView, ...]


def export(replica: Replica, catalog: Catalog, watcher: Watcher) -> Steps[ExportView]:
    """Return everything that is the owner's, each part as it is in its step."""
    exchanges.catch_up(replica)
    yield
    profile, own = replica.trust_state.profile(replica.me), listings.mine(replica, catalog)
    yield
    seen = yield from view.views(replica, replica.store.exchanges.all_shown(), messages=None)
    shown = groups.show(replica, GroupsQuery()).groups
    yield
    saved = watches.watches(replica, catalog, watcher).watches
    yield
    set_aside = hiding.hidden(replica, catalog).hidden
    yield
    return ExportView(
        format=FORMAT,
        made=replica.clock.now(),
        person=reference(replica, replica.me),
        about=profile.about if profile is not None else "",
        sharing=sharing.show(replica),
        listings=own.listings,
        ended=own.ended,
        exchanges=seen,
        vouches=_vouches(replica),
        blocks=blocks.blocks(replica).blocks,
        names=yourself.own_names(replica),
        groups=shown,
        watches=saved,
        hidden=set_aside,
    )


def _vouches(replica: Replica) -> tuple[GivenVouch, ...]:
    own = policy.own(replica)
    given = [
        GivenVouch(reference(replica, person), weight / limits.WEIGHT_MAX)
        for person, weight in (own.vouches.items() if own is not None else ())
    ]
    return tuple(sorted(given, key=lambda vouch: (vouch.person.name.casefold(), vouch.person.id)))
