"""The sharing preference: who sees what names no audience of its own, how exactly places are told, what is nearby.

It is its owner's alone to choose. Changing it moves every listing that follows it, on every node that hears of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from meshnode.app.owner import places, policy
from meshnode.app.owner.places import Coordinates, preference_of
from meshnode.errors import Usage
from meshnode.replica.replica import Replica
from protocol import Audience, Precision, Preference, across_km, center, limits, precision_of
from protocol.trust import effective_audience


@dataclass(frozen=True, slots=True)
class PublishedPlace:
    """The place that others may know: an H3 cell, its center in degrees, and roughly how wide it is."""

    cell: str
    lat: float
    lon: float
    across_km: float


@dataclass(frozen=True, slots=True)
class SharingView:
    """How you share what names no audience of its own. `follows` counts your listings that do.

    `place` is your exact place, which this node keeps to itself (null: not known here), `published` what others are told
    of it. `warnings` say in words where these settings may not do what you expect.
    """

    audience: str
    precision: str
    radius_km: int
    place: Coordinates | None
    published: PublishedPlace | None
    follows: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SharingChange:
    """What to change in it; null leaves a setting as it is, `no_place` tells others no place any more."""

    audience: str | None = None
    precision: str | None = None
    radius_km: int | None = None
    place: Coordinates | None = None
    no_place: bool = False


def published_place(cell: str | None) -> PublishedPlace | None:
    """What a published cell says of a place."""
    return None if cell is None else PublishedPlace(cell, *center(cell), across_km(cell))


def show(replica: Replica) -> SharingView:
    """How the owner shares."""
    preference = preference_of(replica, replica.me)
    cell = places.published(replica)
    listings = places.own_listings(replica)
    return SharingView(
        audience=Audience(preference.audience).word,
        precision=Precision(preference.precision).word,
        radius_km=preference.radius_km,
        place=places.exact(replica),
        published=published_place(cell),
        follows=sum(record.header.audience == Audience.FOLLOWS for record, _ in listings),
        warnings=tuple(_warnings(replica, preference, cell)),
    )


def change(replica: Replica, wanted: SharingChange) -> SharingView:
    """Change how the owner shares; what is so already is not signed again."""
    after = checked(replica, wanted)
    precision = Precision(after.precision)
    moves = wanted.place is not None or wanted.no_place
    coarsens = precision < preference_of(replica, replica.me).precision
    if coarsens:
        places.publish(replica, precision)  # before anybody else may see where what is shared is
    policy.set_preference(replica, after)
    if moves:
        places.move(replica, wanted.place, precision)
    if not coarsens:
        places.publish(replica, precision)
    places.settled(replica)
    return show(replica)


def checked(replica: Replica, wanted: SharingChange) -> Preference:
    """The preference with that change; Usage, which says what is wrong, where it cannot be."""
    if wanted == SharingChange():
        raise Usage("say what to change", "'meshnode share set --help' lists what can be changed")
    if wanted.place is not None and wanted.no_place:
        raise Usage("--place and --no-place contradict each other", "use one of them")
    before = preference_of(replica, replica.me)
    after = Preference(
        audience=before.audience if wanted.audience is None else audience_named(wanted.audience),
        precision=before.precision if wanted.precision is None else _precision(wanted.precision),
        radius_km=before.radius_km if wanted.radius_km is None else _radius(wanted.radius_km),
        stamp=before.stamp,
    )
    if wanted.place is not None:
        places.cell_of(wanted.place, Precision(after.precision))
    placed = wanted.place is not None or (places.published(replica) is not None and not wanted.no_place)
    if after.audience == Audience.ANYONE_LOCAL and not placed:
        raise Usage('"Anyone nearby" needs your location', "say where you are with --place LAT,LON")
    return after


def audience_named(word: str) -> Audience:
    """The audience of that word; Usage, naming all, if there is none."""
    try:
        return Audience.from_word(word)
    except ValueError as error:
        raise Usage(f"{word!r} is no audience", str(error)) from error


def _precision(word: str) -> Precision:
    try:
        return Precision.from_word(word)
    except ValueError as error:
        raise Usage(f"{word!r} is no precision", str(error)) from error


def _radius(km: int) -> int:
    if km < 0:
        raise Usage("a radius cannot be negative", f"it goes from 1 to {limits.RADIUS_KM_MAX} km")
    if km == 0:
        raise Usage("a radius of 0 km includes only yourself", "the smallest is 1 km")
    if km > limits.RADIUS_KM_MAX:
        raise Usage(f"a radius of {km} km is larger than the earth", f"the largest is {limits.RADIUS_KM_MAX} km")
    return km


def _warnings(replica: Replica, preference: Preference, cell: str | None) -> list[str]:
    precision = Precision(preference.precision)
    found = []
    if preference.radius_km < across_km(precision):
        found.append(
            f"Your radius of {preference.radius_km} km is smaller than the places you publish ({precision.word}, about "
            f"{across_km(precision):g} km wide): some neighbors will be left out and some people farther away included."
        )
    if cell is not None and precision_of(cell) < precision:
        found.append(
            f"Others see your location only as {precision_of(cell).word}: this node does not know where you are exactly. "
            "Tell it: meshnode share set --place LAT,LON"
        )
    unseen = [
        body.title
        for record, body in places.own_listings(replica)
        if effective_audience(record.header.audience, preference) == Audience.ANYONE_LOCAL
        and body.place is None
        and cell is None
    ]
    if unseen:
        more = f" and {len(unseen) - 1} more" if len(unseen) > 1 else ""
        found.append(f'"{unseen[0]}"{more} can be seen by nobody: "anyone nearby" needs a location.')
    return found
