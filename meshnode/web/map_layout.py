"""Lays out areas on a blank map around the owner: kilometers to the east and to the south, without any map behind it.

One pure function. Over the distances of a neighborhood the earth is flat: at 25 km the error is far below a cell.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct

RINGS_KM = (1, 5, 25)  # what one walks, rides by bicycle and drives
ROOM = 1.15  # how much wider than its outermost ring the map is
KM_OF_A_DEGREE = 111.195  # on a sphere of the mean radius of the earth

Point = tuple[float, float]
"""Latitude and longitude in degrees."""


class Chart(Struct, frozen=True):
    """The map: half its width in kilometers, its rings, and the corners of each area that has room on it, as SVG has them."""

    reach: float
    rings: tuple[int, ...]
    shapes: dict[str, str]


def chart(middle: Point, areas: Iterable[tuple[str, Sequence[Point]]]) -> Chart:
    """Lay out areas, each given by its id and its corners, on the smallest map that holds all within 25 km of `middle`.

    An area of which no corner is within 25 km is left out.
    """
    placed = {id_: [_from(middle, corner) for corner in corners] for id_, corners in areas}
    near = {id_: corners for id_, corners in placed.items() if min(_far(corners), default=math.inf) <= RINGS_KM[-1]}
    farthest = max((max(_far(corners)) for corners in near.values()), default=0.0)
    widest = next((ring for ring in RINGS_KM if farthest <= ring), RINGS_KM[-1])
    rings = tuple(ring for ring in RINGS_KM if ring <= widest)
    shapes = {id_: " ".join(f"{x:.3f},{y:.3f}" for x, y in corners) for id_, corners in near.items()}
    return Chart(widest * ROOM, rings, shapes)


def _far(corners: Iterable[Point]) -> list[float]:
    return [math.hypot(*corner) for corner in corners]


def _from(middle: Point, corner: Point) -> Point:
    """Return a corner in kilometers east and south of the middle, across the 180th meridian too."""
    east = (corner[1] - middle[1] + 180) % 360 - 180
    return east * KM_OF_A_DEGREE * math.cos(math.radians(middle[0])), (middle[0] - corner[0]) * KM_OF_A_DEGREE
