"""Shows where what others share is, for a map: the areas that their authors publish, each as coarse as they chose."""

from __future__ import annotations

from msgspec import Struct

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.catalog.entries import Entry
from meshnode.app.catalog.ids import listing_id
from meshnode.app.discover.ordering import ORDERS, ranked
from meshnode.app.discover.search import SearchQuery, preparing, search, state
from meshnode.app.listings.view import body_of, place_of
from meshnode.app.owner import places
from meshnode.app.owner.places import Coordinates, distance_said
from meshnode.app.owner.preference import PublishedPlace, published_place
from meshnode.replica.replica import Replica
from meshnode.slices import Steps, undisturbed
from protocol import distance_km, outline

EVERYTHING = SearchQuery(anywhere=True, trust=0.1)
RESULTS_MAX = 200  # listings on the map, the nearest first: more areas cannot be told apart
NAMED = 5  # listings named for each area; all are counted


class PlacedListing(Struct, frozen=True):
    """A listing on the map, by id and title."""

    id: str
    title: str


class AreaView(Struct, frozen=True):
    """An area in which something is shared: its corners, how far its middle is from where you are, and what is there.

    `distance` is null where this node does not know where you are.
    """

    place: PublishedPlace
    corners: tuple[Coordinates, ...]
    distance_km: float | None
    distance: str | None
    listings: tuple[PlacedListing, ...]
    count: int


class NearbyView(Struct, frozen=True):
    """The area that others see of you (null: none) with its corners, and the areas in which others share, nearest first.

    `unplaced` counts the listings on the map's page whose place nobody has published.
    """

    yours: PublishedPlace | None
    corners: tuple[Coordinates, ...]
    areas: tuple[AreaView, ...]
    unplaced: int


def nearby(replica: Replica, catalog: Catalog) -> Steps[NearbyView]:
    """Return the areas of the nearest listings that the owner can see."""
    yield from preparing(catalog, EVERYTHING)
    return (yield from undisturbed(lambda: state(replica, catalog), lambda: _nearby(replica, catalog)))


def _nearby(replica: Replica, catalog: Catalog) -> Steps[NearbyView]:
    found = yield from ranked(catalog, search(catalog, EVERYTHING), ORDERS["near"], 0, RESULTS_MAX)
    by_cell: dict[str, list[Entry]] = {}
    unplaced = 0
    for entry in found:
        author = catalog.index.bucket_of(entry.doc_id).author
        cell = place_of(replica, author, catalog.details.place(entry.doc_id))
        if cell is None:
            unplaced += 1
        else:
            by_cell.setdefault(cell, []).append(entry)
    yield
    here, yours = places.here(replica), places.published(replica)
    areas = []
    for cell, entries in by_cell.items():
        areas.append(_area(replica, cell, entries, here))
        yield
    areas.sort(key=lambda area: (area.distance_km is None, area.distance_km or 0.0, area.place.cell))
    return NearbyView(published_place(yours), () if yours is None else _corners(yours), tuple(areas), unplaced)


def _area(replica: Replica, cell: str, entries: list[Entry], here: str | None) -> AreaView:
    place = published_place(cell)
    assert place is not None
    records = replica.store.records.get_many([entry.record for entry in entries[:NAMED]])
    return AreaView(
        place=place,
        corners=_corners(cell),
        distance_km=None if here is None else round(distance_km(here, cell), 1),
        distance=None if here is None else distance_said(here, cell),
        listings=tuple(
            PlacedListing(listing_id(record.header.author, record.header.slot), body_of(record).title)
            for record in records
            if record.body
        ),
        count=len(entries),
    )


def _corners(cell: str) -> tuple[Coordinates, ...]:
    return tuple(Coordinates(lat, lon) for lat, lon in outline(cell))
