"""Places: cells of the H3 grid (h3geo.org) in four sizes, and the distances between them (protocol/README.md, "Places").

The text form of a cell is checked here bit by bit, without the h3 library: importing it takes 48 ms, which a listing with a
faulty place is not worth, and it raises OverflowError for over-long text and accepts a latitude of 91.
"""

from __future__ import annotations

import math
import re
from enum import IntEnum
from functools import lru_cache

from protocol.errors import LocalError
from protocol.limits import DISTANCES_REMEMBERED


class Precision(IntEnum):
    """The size of the cell as which a place is published; the number is the H3 resolution."""

    REGION = 4
    CITY = 6
    NEIGHBORHOOD = 8
    EXACT = 12

    @property
    def word(self) -> str:
        """The word for people and programs, such as `neighborhood`."""
        return self.name.lower()

    @classmethod
    def from_word(cls, word: str) -> Precision:
        """Return the precision of that word. ValueError, which names all four words, for any other."""
        for precision in cls:
            if precision.word == word:
                return precision
        raise ValueError(f"a precision is one of {', '.join(p.word for p in reversed(cls))}")


Point = tuple[float, float]
"""Latitude and longitude in degrees."""

_ACROSS_KM = {Precision.REGION: 50.0, Precision.CITY: 7.0, Precision.NEIGHBORHOOD: 1.0, Precision.EXACT: 0.02}

# The layout of a 64-bit H3 index (h3geo.org, "H3Index Bit Layout"). The pattern fixes the constant bits: the reserved bit 0,
# mode 1 (cell), reserved bits 0, and one of the four resolutions.
_CELL_TEXT = re.compile(r"8[468c][0-9a-f]{13}")
_RESOLUTION_SHIFT = 52
_BASE_SHIFT = 45
_DIGITS = 15
_ALL_DIGITS = (1 << _BASE_SHIFT) - 1
_UNUSED_DIGIT = "7"
_BASE_CELLS = 122
_PENTAGONS = frozenset({4, 14, 24, 38, 49, 58, 63, 72, 83, 97, 107, 117})
_MISSING_IN_PENTAGONS = "1"  # a pentagon has no child of this digit; hexagons have seven children


def is_cell(text: str) -> bool:
    """Whether `text` is a place: an H3 cell of resolution 4, 6, 8 or 12, as 15 lower-case hexadecimal digits."""
    if not _CELL_TEXT.fullmatch(text):
        return False
    index = int(text, 16)
    resolution = index >> _RESOLUTION_SHIFT & 0xF
    base = index >> _BASE_SHIFT & 0x7F
    digits = f"{index & _ALL_DIGITS:0{_DIGITS}o}"  # three bits each, so they are the octal digits
    used, unused = digits[:resolution], digits[resolution:]
    if base >= _BASE_CELLS or _UNUSED_DIGIT in used or unused.strip(_UNUSED_DIGIT):
        return False
    first = used.lstrip("0")[:1]
    return not (base in _PENTAGONS and first == _MISSING_IN_PENTAGONS)


def precision_of(cell: str) -> Precision:
    """Return the precision of a cell. LocalError if `cell` is no cell."""
    _require_cell(cell)
    return Precision(int(cell, 16) >> _RESOLUTION_SHIFT & 0xF)


def across_km(place: str | Precision) -> float:
    """Return roughly how wide a cell, or any cell of a precision, is. A radius smaller than this cannot be judged."""
    return _ACROSS_KM[precision_of(place) if isinstance(place, str) else place]


def coarse(lat: float, lon: float, precision: Precision) -> str:
    """Return the cell around a point given in degrees (WGS 84). LocalError outside of -90..90 and -180..180."""
    if not (math.isfinite(lat) and math.isfinite(lon) and -90 <= lat <= 90 and -180 <= lon <= 180):
        raise LocalError("a latitude lies between -90 and 90, a longitude between -180 and 180")
    import h3

    cell: str = h3.latlng_to_cell(lat, lon, int(precision))
    return cell


def coarser(cell: str, precision: Precision) -> str:
    """Return the cell of `precision` that contains `cell`; `cell` itself if it is as coarse already."""
    if precision_of(cell) <= precision:
        return cell
    import h3

    parent: str = h3.cell_to_parent(cell, int(precision))
    return parent


def center(cell: str) -> Point:
    """Return latitude and longitude of a cell's center, in degrees. LocalError if `cell` is no cell."""
    _require_cell(cell)
    import h3

    lat, lon = h3.cell_to_latlng(cell)
    return lat, lon


def outline(cell: str) -> tuple[Point, ...]:
    """Return the corners of a cell in order, in degrees. LocalError if `cell` is no cell."""
    _require_cell(cell)
    import h3

    return tuple((lat, lon) for lat, lon in h3.cell_to_boundary(cell))


@lru_cache(maxsize=DISTANCES_REMEMBERED)
def distance_km(a: str, b: str) -> float:
    """Return the kilometers between the centers of two cells of any size, rounded to the meter; 0 for the same cell.

    They are rounded so that author, relay and viewer agree whether a cell is within a radius, although their floating
    point arithmetic may differ in the last bit. LocalError if either is no cell.
    """
    if a == b and is_cell(a):
        return 0.0  # without h3
    return kilometers(center(a), center(b))


def kilometers(a: Point, b: Point) -> float:
    """Return the kilometers between two centers of cells as `distance_km` does, for a caller who keeps many of them."""
    if a == b:
        return 0.0
    import h3

    km: float = h3.great_circle_distance(a, b, unit="km")
    return round(km, 3)


def distance_words(here: str, there: str) -> str:
    """Return in words how far `there` is, no finer than the coarser of the two cells: "2km away", "about 8km away"."""
    km = distance_km(here, there)
    across = max(across_km(here), across_km(there))
    if across > 1:
        return "in the same area" if km < across / 2 else f"about {round(km)}km away"
    return "less than 1km away" if km < 1 else f"{round(km)}km away"


def _require_cell(cell: str) -> None:
    if not is_cell(cell):
        raise LocalError("not a place")
