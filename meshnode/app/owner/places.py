"""Where the owner is: the exact place stays on this node, and what is published is the coarse cell around it.

How coarse is said by the sharing preference; when that changes, the profile and every listing with a place of its own
are published anew. A node that was not told the exact place, since that happened on another device of the owner, can
still make a published place coarser; only the one that was told can make it finer.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from meshnode.app.owner.profile import set_profile
from meshnode.errors import Usage
from meshnode.replica import authoring
from meshnode.replica.replica import Replica
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
    body_of,
    coarse,
    coarser,
    distance_km,
    limits,
    precision_of,
)

_PUBLISHED_AS = "places_published_as"  # the precision that all published places were last brought to


@dataclass(frozen=True, slots=True)
class Coordinates:
    """A point in degrees (WGS 84); it is made as coarse as your sharing preference says before it is written."""

    lat: float
    lon: float


def preference_of(replica: Replica, person: PersonId) -> Preference:
    """The sharing preference in effect for `person`."""
    policy = replica.trust_state.policy(person)
    return policy.preference if policy is not None else UNSET_PREFERENCE


def cell_of(position: Coordinates, precision: Precision) -> str:
    """What is published of a position; Usage where there is no such place."""
    try:
        return coarse(position.lat, position.lon, precision)
    except LocalError as error:
        raise Usage("that place lies nowhere on earth", "latitude -90 to 90, longitude -180 to 180") from error


# --- what is known ---------------------------------------------------------------------------------------------------


def published(replica: Replica) -> str | None:
    """The place that the owner publishes, by which others judge what is nearby."""
    return replica.trust_state.published_place(replica.me)


def exact(replica: Replica) -> Coordinates | None:
    """The owner's exact place, where it was told to this node and he has not moved since."""
    return _exact(replica, PROFILE_SLOT, published(replica))


def here(replica: Replica) -> str | None:
    """Where the owner measures from: the exact place where this node knows it, else the one he publishes."""
    known = exact(replica)
    return published(replica) if known is None else cell_of(known, Precision.EXACT)


def _exact(replica: Replica, slot: bytes, cell: str | None) -> Coordinates | None:
    """The point kept for `slot`, if what is published lies around it: else another device has moved it."""
    kept = replica.store.places.get(slot)
    if kept is None or cell is None:
        return None
    return Coordinates(*kept) if distance_km(cell, coarse(*kept, Precision.EXACT)) <= across_km(cell) else None


def as_told(replica: Replica, slot: bytes, cell: str | None) -> str | None:
    """What is to be published in `slot` where `cell` once was, by the preference of today."""
    return at_precision(replica, slot, cell, Precision(preference_of(replica, replica.me).precision))


def at_precision(replica: Replica, slot: bytes, cell: str | None, precision: Precision) -> str | None:
    """What would be published in `slot` at `precision` instead of `cell`; as near to it as this node can come."""
    if cell is None or precision_of(cell) == precision:
        return cell
    known = _exact(replica, slot, cell)
    return coarser(cell, precision) if known is None else cell_of(known, precision)


def after(replica: Replica, position: Coordinates | None, precision: Precision, *, none: bool) -> str | None:
    """What place the owner would publish at `precision`: around that position, else where he is; with `none` nothing."""
    if none:
        return None
    if position is not None:
        return cell_of(position, precision)
    return at_precision(replica, PROFILE_SLOT, published(replica), precision)


# --- publishing ------------------------------------------------------------------------------------------------------


def move(replica: Replica, position: Coordinates | None, precision: Precision) -> None:
    """The owner is there, or, with None, says so no more. What others know already is not signed again."""
    cell = None if position is None else cell_of(position, precision)
    with replica.transaction():
        if cell != published(replica):
            set_profile(replica, place=cell, no_place=cell is None)
        if position is None:
            replica.store.places.forget(PROFILE_SLOT)
        else:
            replica.store.places.keep(PROFILE_SLOT, (position.lat, position.lon))


def publish(replica: Replica, precision: Precision) -> None:
    """Bring the profile's place, and those of own listings, to `precision` as far as this node can."""
    replica.store.meta.delete(_PUBLISHED_AS)
    place = published(replica)
    wanted = at_precision(replica, PROFILE_SLOT, place, precision)
    if wanted != place:
        set_profile(replica, place=wanted)
    for record, body in own_listings(replica):
        wanted = at_precision(replica, record.header.slot, body.place, precision)
        if wanted != body.place:
            _move_listing(replica, record, dataclasses.replace(body, place=wanted, salt=authoring.fresh_salt(replica)))


def settled(replica: Replica) -> None:
    """All places are published as the preference in effect says, as far as this node can."""
    replica.store.meta.set(_PUBLISHED_AS, Precision(preference_of(replica, replica.me).precision).word)


def keep_up(replica: Replica) -> None:
    """Publish anew what is not as the preference says: another device may have changed it, or this node was cut off.

    Also forgets the exact places of listings that have ended.
    """
    precision = Precision(preference_of(replica, replica.me).precision)
    replica.store.places.forget_ended(replica.me)
    if replica.store.meta.get(_PUBLISHED_AS) != precision.word and published_something(replica):
        publish(replica, precision)
        settled(replica)


def published_something(replica: Replica) -> bool:
    """Whether there is a profile yet, a choice of how exactly to publish, and a device that may sign.

    A device that was just added does not know the choice before it has met another.
    """
    if preference_of(replica, replica.me).stamp == 0:
        return False
    return replica.trust_state.profile(replica.me) is not None and replica.trust_state.certified(
        replica.me, replica.device
    )


def own_listings(replica: Replica) -> list[tuple[Record, Listing]]:
    """The owner's own listings in use, with what they say."""
    now = replica.clock.now()
    records = replica.store.records.bodies(Kind.LISTING, author=replica.me)
    bodies = ((record, body_of(record)) for record in records if record.header.expires > now)
    return [(record, body) for record, body in bodies if isinstance(body, Listing)]


def _move_listing(replica: Replica, record: Record, body: Listing) -> None:
    """The same listing at another place: older versions must not stay in use, they said too much or else."""
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
