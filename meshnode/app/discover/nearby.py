"""Shows where what others share is, for a map: the areas that their authors publish, each as coarse as they chose."""

from __future__ import annotations

from dataclasses import dataclass

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.discover.discover import DiscoverQuery, discover
from meshnode.app.listings.view import ListingView, place_of
from meshnode.app.owner import places
from meshnode.app.owner.places import Coordinates, distance_said
from meshnode.app.owner.preference import PublishedPlace, published_place
from meshnode.replica.replica import Replica
from meshnode.slices import Steps
from protocol import distance_km, outline, parse_person

RESULTS_MAX = 200  # listings on the map, the nearest first: more areas cannot be told apart
NAMED = 5  # listings named for each area; all are counted


@dataclass(frozen=True, slots=True)
class PlacedListing:
    """A listing on the map, by id and title."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class AreaView:
    """An area in which something is shared: its corners, how far its middle is from where you are, and what is there.

    `distance` is null where this node does not know where you are.
    """

    place: PublishedPlace
    corners: tuple[Coordinates, ...]
    distance_km: float | None
    distance: str | None
    listings: tuple[PlacedListing, ...]
    count: int


@dataclass(frozen=True, slots=True)
class NearbyView:
    """The area that others see of you (null: none) with its corners, and the areas in which others share, nearest first.

    `unplaced` counts the listings on the map's page whose place nobody has published.
    """

    yours: PublishedPlace | None
    corners: tuple[Coordinates, ...]
    areas: tuple[AreaView, ...]
    unplaced: int


def nearby(replica: Replica, catalog: Catalog) -> Steps[NearbyView]:
    """Return the areas of the nearest listings that the owner can see."""
    query = DiscoverQuery(anywhere=True, trust=0.1, sort="near", limit=RESULTS_MAX)
    found = yield from discover(replica, catalog, query)
    by_cell: dict[str, list[ListingView]] = {}
    unplaced = 0
    for result in found.results:
        own = None if result.place is None else result.place.cell
        cell = place_of(replica, parse_person(result.author.id), own)
        if cell is None:
            unplaced += 1
        else:
            by_cell.setdefault(cell, []).append(result)
    yield
    here, yours = places.here(replica), places.published(replica)
    areas = []
    for cell, results in by_cell.items():
        areas.append(_area(cell, results, here))
    areas.sort(key=lambda area: (area.distance_km is None, area.distance_km or 0.0, area.place.cell))
    return NearbyView(published_place(yours), () if yours is None else _corners(yours), tuple(areas), unplaced)


def _area(cell: str, results: list[ListingView], here: str | None) -> AreaView:
    place = published_place(cell)
    assert place is not None
    return AreaView(
        place=place,
        corners=_corners(cell),
        distance_km=None if here is None else round(distance_km(here, cell), 1),
        distance=None if here is None else distance_said(here, cell),
        listings=tuple(PlacedListing(one.id, one.title) for one in results[:NAMED]),
        count=len(results),
    )


def _corners(cell: str) -> tuple[Coordinates, ...]:
    return tuple(Coordinates(lat, lon) for lat, lon in outline(cell))
