"""Shows and changes the sharing preference: default audience, precision of published places, and radius.

Changing it moves every listing that follows it, on every node that hears of the change.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from meshnode.app.owner import places, plausible, policy, receipt_choice
from meshnode.app.owner.places import Coordinates, preference_of
from meshnode.errors import Field, Usage
from meshnode.replica.replica import Replica
from protocol import Audience, Precision, Preference, across_km, center, limits, precision_of
from protocol.trust import effective_audience


class PublishedPlace(Struct, frozen=True):
    """The place that others may know: an H3 cell, its center in degrees, and about how wide it is."""

    cell: str
    lat: float
    lon: float
    across_km: float


class SharingWarning(Struct, frozen=True):
    """A setting that may not do what you expect, in words and as a code, with numbers or names in `about`.

    `code` is `radius_small` (about: kilometers of the radius and of the area), `location_coarse` (the precision that
    others see), `unseen` (titles of posts that nobody can see) or `moved_far` (kilometers).
    """

    code: str
    message: str
    about: tuple[str, ...]


class SharingView(Struct, frozen=True):
    """Your default sharing settings. `follows` counts your listings that follow these settings.

    `place` is your exact place, which stays on this node (null: not known here); `published` is what others learn of
    it. While you are away, all your listings are hidden and `paused` is since when (UNIX seconds). With `receipts`, people learn when you have opened their messages. `warnings` say where these settings may not do what you expect.
    """

    audience: str
    precision: str
    radius_km: int
    place: Coordinates | None
    published: PublishedPlace | None
    follows: int
    paused: int | None
    receipts: bool
    warnings: tuple[SharingWarning, ...]


class SharingChange(Struct, frozen=True):
    """Settings to change; null leaves one as it is, `no_place` publishes no place any longer.

    A `place` that looks mistyped, since it is far from the present one and near it if read otherwise, is taken only with
    `anyway`.
    """

    audience: str | None = None
    precision: str | None = None
    radius_km: int | None = None
    place: Coordinates | None = None
    no_place: bool = False
    receipts: bool | None = None
    anyway: bool = False


def published_place(cell: str | None) -> PublishedPlace | None:
    """Return what a published cell says of a place."""
    return None if cell is None else PublishedPlace(cell, *center(cell), across_km(cell))


def show(replica: Replica) -> SharingView:
    """Return how the owner shares."""
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
        paused=preference.paused or None,
        receipts=receipt_choice.are_on(replica),
        warnings=tuple(_warnings(replica, preference, cell)),
    )


def change(replica: Replica, wanted: SharingChange) -> SharingView:
    """Change how the owner shares; a setting that is so already is not signed again. Raises Usage as `checked` does."""
    after, far = checked(replica, wanted), plausible.moved_far(replica, wanted.place)
    if wanted.receipts is not None:
        receipt_choice.choose(replica, on=wanted.receipts)
    precision = Precision(after.precision)
    moves = wanted.place is not None or wanted.no_place
    coarsens = precision < preference_of(replica, replica.me).precision
    if coarsens:
        places.publish(replica, precision)  # before anybody new may see the places
    policy.set_preference(replica, after)
    if moves:
        places.set_place(replica, wanted.place, precision)
    if not coarsens:
        places.publish(replica, precision)
    places.note_published(replica)
    seen = show(replica)
    if far is None:
        return seen
    moved = f"That is {far:,} km from where you were. If it is wrong: meshnode share set --place LAT,LON"
    return replace(seen, warnings=(SharingWarning("moved_far", moved, (str(far),)), *seen.warnings))


def checked(replica: Replica, wanted: SharingChange) -> Preference:
    """Return the preference with this change. Raises Usage, which says what is wrong, if there cannot be one."""
    if wanted == SharingChange(anyway=wanted.anyway):
        raise Usage("say what to change", "'meshnode share set --help' lists what can be changed")
    if wanted.place is not None and wanted.no_place:
        raise Usage("a location and no location contradict each other", "give one of them", field=Field.PLACE)
    if wanted.receipts is not None:
        receipt_choice.check(replica, on=wanted.receipts)
    before = preference_of(replica, replica.me)
    after = before._replace(
        audience=before.audience if wanted.audience is None else audience_named(wanted.audience),
        precision=before.precision if wanted.precision is None else _precision(wanted.precision),
        radius_km=before.radius_km if wanted.radius_km is None else _radius(wanted.radius_km),
    )
    if wanted.place is not None:
        plausible.check_move(replica, wanted.place, anyway=wanted.anyway)
        places.cell_of(wanted.place, Precision(after.precision))
    placed = wanted.place is not None or (places.published(replica) is not None and not wanted.no_place)
    if after.audience == Audience.ANYONE_LOCAL and not placed:
        raise Usage(
            '"Anyone nearby" needs your location', "set it: meshnode share set --place LAT,LON", field=Field.PLACE
        )
    return after


def audience_named(word: str) -> Audience:
    """Return the audience of that word. Raises Usage, which names all of them, if there is none."""
    try:
        return Audience.from_word(word)
    except ValueError as error:
        raise Usage(
            "{word} is not an audience", "{reason}", field=Field.AUDIENCE, word=repr(word), reason=str(error)
        ) from error


def _precision(word: str) -> Precision:
    try:
        return Precision.from_word(word)
    except ValueError as error:
        raise Usage(
            "{word} is not a precision", "{reason}", field=Field.PRECISION, word=repr(word), reason=str(error)
        ) from error


def _radius(km: int) -> int:
    if km < 0:
        raise Usage(
            "a radius cannot be negative", "it goes from 1 to {most} km", field=Field.RADIUS, most=limits.RADIUS_KM_MAX
        )
    if km == 0:
        raise Usage("a radius of 0 km includes only yourself", "the smallest is 1 km", field=Field.RADIUS)
    if km > limits.RADIUS_KM_MAX:
        raise Usage(
            "a radius of {km} km is larger than the earth",
            "the largest is {most} km",
            field=Field.RADIUS,
            km=km,
            most=limits.RADIUS_KM_MAX,
        )
    return km


def _warnings(replica: Replica, preference: Preference, cell: str | None) -> Iterator[SharingWarning]:
    precision = Precision(preference.precision)
    if preference.radius_km < across_km(precision):
        yield SharingWarning(
            "radius_small",
            f"Your radius of {preference.radius_km} km is smaller than the area that others see of your location "
            f"({precision.word}, about {across_km(precision):g} km wide): some neighbors will be left out and some people "
            "farther away included.",
            (str(preference.radius_km), f"{across_km(precision):g}"),
        )
    if cell is not None and precision_of(cell) < precision:
        yield SharingWarning(
            "location_coarse",
            f"Others see your location only as {precision_of(cell).word}, because this computer does not know where you are "
            "exactly. Set your location: meshnode share set --place LAT,LON",
            (precision_of(cell).word,),
        )
    unseen = tuple(
        body.title
        for record, body in places.own_listings(replica)
        if effective_audience(record.header.audience, preference) == Audience.ANYONE_LOCAL
        and body.place is None
        and cell is None
    )
    if unseen:
        more = f" and {len(unseen) - 1} more" if len(unseen) > 1 else ""
        said = f'Nobody can see "{unseen[0]}"{more}: "anyone nearby" needs a location.'
        yield SharingWarning("unseen", said, unseen)
