"""Asks about a location that the owner has probably mistyped: far from theirs, and perhaps near it if read otherwise.

On the earth every pair of numbers is somewhere, so a latitude and a longitude that were swapped, or a decimal comma, are
taken without a word unless somebody compares them with the place where the owner is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from meshnode.app.owner.places import Coordinates, cell_of, here
from meshnode.errors import Field, Unconfirmed
from meshnode.replica.replica import Replica
from protocol import LocalError, Precision, center, coarse, distance_km

FAR_KM = 300  # beyond it hardly anybody shares a thing: the owner is asked
NEAR_KM = 100  # a mistyped location that is meant for the neighborhood, or for a town nearby


def check_post(replica: Replica, position: Coordinates | None, *, anyway: bool) -> None:
    """Raise Unconfirmed where a post would be far from its owner, unless they have said `anyway`."""
    own = here(replica)
    if position is None or own is None or anyway:
        return
    km = _distance(own, position)
    if km > FAR_KM:
        raise _question(position, km, _meant(own, position))


def check_move(replica: Replica, position: Coordinates | None, *, anyway: bool) -> None:
    """Raise Unconfirmed where the owner's new location is far from the old one, and near it if it is read otherwise."""
    own = here(replica)
    if position is None or own is None or anyway:
        return
    km, meant = _distance(own, position), _meant(own, position)
    if km > FAR_KM and meant is not None:
        raise _question(position, km, meant)


def moved_far(replica: Replica, position: Coordinates | None) -> int | None:
    """Return how many kilometers from the owner's present location a new one is; None if it is near, or there is none."""
    own = here(replica)
    km = 0.0 if position is None or own is None else _distance(own, position)
    return round(km) if km > FAR_KM else None


def _question(position: Coordinates, km: float, meant: Coordinates | None) -> Unconfirmed:
    guess = "" if meant is None else f". Did you mean {_written(meant)}"
    far = f"{_written(position)} is {round(km):,} km from your location"
    return Unconfirmed(
        "{far}{guess}{value}",
        "if it is right, say so with --yes",
        field=Field.PLACE,
        far=far,
        guess=guess,
        value="?" if guess else "",
    )


def _meant(own: str, position: Coordinates) -> Coordinates | None:
    """Return the nearest to the owner of all that the numbers can mean; None if none of it is near."""
    found = [(km, meant) for meant in _readings(own, position) if (km := _distance(own, meant)) <= NEAR_KM]
    return min(found, key=lambda each: each[0])[1] if found else None


def _readings(own: str, position: Coordinates) -> Iterator[Coordinates]:
    """Yield what else could be meant: the numbers swapped, signs forgotten, or a comma that separates decimals."""
    lat, lon = position.lat, position.lon
    for first, second in ((lat, lon), (lon, lat)):
        for north in (1, -1):
            for east in (1, -1):
                meant = Coordinates(north * first, east * second)
                if meant != position and abs(meant.lat) <= 90:
                    yield meant
    if lat.is_integer() and lon.is_integer() and lon >= 0:
        decimals = float(f"{abs(lat):.0f}.{lon:.0f}")
        if decimals <= 90:
            yield Coordinates(math.copysign(decimals, lat), round(center(own)[1], 2))


def _distance(own: str, position: Coordinates) -> float:
    try:
        return distance_km(own, coarse(position.lat, position.lon, Precision.EXACT))
    except LocalError:
        cell_of(position, Precision.EXACT)  # raises what is wrong with it, in words
        raise


def _written(position: Coordinates) -> str:
    return f"{position.lat:.6g},{position.lon:.6g}"
