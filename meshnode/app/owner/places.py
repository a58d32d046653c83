"""Keeps the owner's exact place on this node, and publishes the coarse cell around it.

The sharing preference says how coarse. When it changes, the profile and every listing with a place of its own are
published again. If the exact place was entered on another device of the owner, this node can only make a published
place coarser; a finer one comes from the device that knows the exact place.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from meshnode.app.owner.profile import set_profile
from meshnode.errors import Field, Usage
from meshnode.replica import authoring
from meshnode.replica.bodies import readable
from meshnode.replica.replica import Replica
from meshnode.text.catalog import message
from protocol import (
    PROFILE_SLOT,
    UNSET_PREFERENCE,
    Audience,
    Kind,
    Listing,
    LocalError,
    PersonId,
    Precision,
    Preference,
    Record,
    across_km,
    coarse,
    coarser,
    distance_km,
    distance_words,
    limits,
    precision_of,
)

_PUBLISHED_AS = "places_published_as"  # the precision that all published places were last brought to


class Coordinates(Struct, frozen=True):
    """A point in degrees (WGS 84). It is made as coarse as your sharing preference says before it is published."""

    lat: float
    lon: float


def preference_of(replica: Replica, person: PersonId) -> Preference:
    """Return the sharing preference in effect for `person`."""
    policy = replica.trust_state.policy(person)
    return policy.preference if policy is not None else UNSET_PREFERENCE


def cell_of(position: Coordinates, precision: Precision) -> str:
    """Return the cell that is published for a position. Raises Usage if there is no such place on earth."""
    try:
        return coarse(position.lat, position.lon, precision)
    except LocalError as error:
        raise Usage(
            "that location is nowhere on earth",
            "latitude goes from -90 to 90, longitude from -180 to 180",
            field=Field.PLACE,
        ) from error


# --- what is known ---------------------------------------------------------------------------------------------------


def published(replica: Replica) -> str | None:
    """Return the place that the owner publishes, by which other nodes decide what is nearby; None if there is none."""
    return replica.trust_state.published_place(replica.me)


def exact(replica: Replica) -> Coordinates | None:
    """Return the owner's exact place, if this node knows it and the owner has not moved since."""
    return _exact(replica, PROFILE_SLOT, published(replica))


def here(replica: Replica) -> str | None:
    """Return the cell from which the owner measures.

    It is that of the exact place if this node knows it, else the published one.
    """
    known = exact(replica)
    return published(replica) if known is None else cell_of(known, Precision.EXACT)


def _exact(replica: Replica, slot: bytes, cell: str | None) -> Coordinates | None:
    """Return the point kept for `slot`; None if the published `cell` is elsewhere, moved there by another device."""
    kept = replica.store.places.get(slot)
    if kept is None or cell is None:
        return None
    return Coordinates(*kept) if distance_km(cell, coarse(*kept, Precision.EXACT)) <= across_km(cell) else None


def at_current_precision(replica: Replica, slot: bytes, cell: str | None) -> str | None:
    """Return the cell to publish in `slot`, where `cell` once was, by the preference in effect now."""
    return at_precision(replica, slot, cell, Precision(preference_of(replica, replica.me).precision))


def at_precision(replica: Replica, slot: bytes, cell: str | None, precision: Precision) -> str | None:
    """Return the cell to publish in `slot` at `precision` instead of `cell`, as near to it as this node can."""
    if cell is None or precision_of(cell) == precision:
        return cell
    known = _exact(replica, slot, cell)
    return coarser(cell, precision) if known is None else cell_of(known, precision)


def place_after(replica: Replica, position: Coordinates | None, precision: Precision, *, none: bool) -> str | None:
    """Return the place that the owner would publish at `precision`.

    It is around `position`, or around the owner's present place if that is None; with `none` it is no place.
    """
    if none:
        return None
    if position is not None:
        return cell_of(position, precision)
    return at_precision(replica, PROFILE_SLOT, published(replica), precision)


# --- publishing ------------------------------------------------------------------------------------------------------


def set_place(replica: Replica, position: Coordinates | None, precision: Precision) -> None:
    """Publish that the owner is at `position`, or, with None, no place.

    A cell that is published already is not signed again.
    """
    cell = None if position is None else cell_of(position, precision)
    with replica.transaction():
        if cell != published(replica):
            set_profile(replica, place=cell, no_place=cell is None)
        if position is None:
            replica.store.places.forget(PROFILE_SLOT)
        else:
            replica.store.places.keep(PROFILE_SLOT, (position.lat, position.lon))


def publish(replica: Replica, precision: Precision) -> None:
    """Bring the place of the profile and those of the owner's listings to `precision`, as far as this node can."""
    replica.store.meta.delete(_PUBLISHED_AS)
    place = published(replica)
    wanted = at_precision(replica, PROFILE_SLOT, place, precision)
    if wanted != place:
        set_profile(replica, place=wanted)
    for record, body in own_listings(replica):
        wanted = at_precision(replica, record.header.slot, body.place, precision)
        if wanted != body.place:
            _move_listing(replica, record, replace(body, place=wanted, salt=authoring.fresh_salt(replica)))


def note_published(replica: Replica) -> None:
    """Remember that all places are published as the preference in effect says, as far as this node can."""
    replica.store.meta.set(_PUBLISHED_AS, Precision(preference_of(replica, replica.me).precision).word)


def republish_if_due(replica: Replica) -> None:
    """Publish again every place that is not as the preference says; forget the exact places of ended listings.

    Another device may have changed the preference, or this node was stopped in between.
    """
    precision = Precision(preference_of(replica, replica.me).precision)
    replica.store.places.forget_ended(replica.me)
    if replica.store.meta.get(_PUBLISHED_AS) != precision.word and published_something(replica):
        publish(replica, precision)
        note_published(replica)


def published_something(replica: Replica) -> bool:
    """Whether there is a profile, a choice of how exactly to publish, and a device that may sign.

    A device that was just added does not know the choice before it has met another one.
    """
    if preference_of(replica, replica.me).stamp == 0:
        return False
    return replica.trust_state.profile(replica.me) is not None and replica.trust_state.certified(
        replica.me, replica.device
    )


def own_listings(replica: Replica) -> list[tuple[Record, Listing]]:
    """Return the owner's listings in use that can be read, each with its record."""
    now = replica.clock.now()
    records = replica.store.records.bodies(Kind.LISTING, author=replica.me)
    found = readable(record for record in records if record.header.expires > now)
    return [(record, body) for record, body in found if isinstance(body, Listing)]


def _move_listing(replica: Replica, record: Record, body: Listing) -> None:
    """Write the listing with another place. It voids its older versions, which may tell more about the place."""
    header = record.header
    authoring.write(
        replica,
        Kind.LISTING,
        header.slot,
        body,
        life=limits.LISTING_LIFE,
        audience=Audience(header.audience),
        expires=header.expires,
        may_reduce_access=True,
    )


_DISTANCES = {
    "in the same area": message("in the same area"),
    "about {km}km away": message("about {km}km away"),
    "less than {km}km away": message("less than {km}km away"),
    "{km}km away": message("{km}km away"),
}
"""The distances of the protocol, as sentences."""


def distance_said(here: str, there: str) -> str:
    """Return in words how far `there` is, as `protocol.distance_words` does, in the language of this call."""
    words = distance_words(here, there)
    number = "".join(filter(str.isdigit, words))
    template = _DISTANCES[words.replace(number, "{km}") if number else words]
    return message(template, km=number) if number else str(template)
