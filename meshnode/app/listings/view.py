"""Shows a listing: the fields that its author wrote, and what it and its author are to the viewer."""

from __future__ import annotations

from typing import Any

from msgspec.structs import fields

from meshnode.app.catalog.ids import listing_id
from meshnode.app.listings import photos as photo_cases
from meshnode.app.naming import PersonRef, reference, relation_to
from meshnode.app.owner.places import distance_said, here, preference_of
from meshnode.app.owner.preference import PublishedPlace, published_place
from meshnode.replica.replica import Replica
from protocol import Audience, Kind, Listing, ListingFields, PersonId, Record, distance_km, parse_body
from protocol.trust import as_trust, effective_audience

_WRITTEN = tuple(each.name for each in fields(ListingFields))


class ListingView(ListingFields, frozen=True, kw_only=True):
    """A listing as its viewer sees it. Times are UNIX seconds; `trust` is yours in its author (null: your own).

    `audience` is the one in effect, and `follows` says that it comes from its author's sharing preference; `radius_km`
    is how far `anyone_local` reaches, null for others. `distance` is the distance in words, null like `distance_km`
    where either place is unknown, and for your own listing that is where you are. `place` is the listing's own, as
    coarse as its author publishes it; null: where its author is. `ended` is null, or for your own listing that has ended
    `expired`, `closed` or `taken`, with the time in `ended_at`. Of a listing that was just posted, `twin` is the id of
    another open one of yours of the same type and title, and `warning` says in words why it may not arrive.
    `perhaps_ended` says that it has ended by a date that may be right: it is shown because the date is in doubt.
    """

    id: str
    audience: str
    follows: bool
    radius_km: int | None
    author: PersonRef
    trust: float | None
    relation: str
    distance_km: float | None
    distance: str | None
    place: PublishedPlace | None
    created: int
    expires: int
    ended: str | None = None
    ended_at: int | None = None
    twin: str | None = None
    warning: str | None = None
    perhaps_ended: bool = False
    photos: tuple[photo_cases.PhotoView, ...] = ()


def body_of(record: Record) -> Listing:
    """Return the body of a listing's record, which must have one."""
    body = parse_body(Kind.LISTING, record.body or b"")
    assert isinstance(body, Listing)
    return body


def written_fields(listing: ListingFields) -> dict[str, Any]:
    """Return by name the fields that body, draft and view of a listing have in common."""
    return {name: getattr(listing, name) for name in _WRITTEN}


def place_of(replica: Replica, author: PersonId, place: str | None) -> str | None:
    """Return a listing's own place, or its author's published place where it has none."""
    return place or replica.trust_state.published_place(author)


def view(replica: Replica, record: Record) -> ListingView:
    """Return a listing as the owner of this node sees it."""
    header, body = record.header, body_of(record)
    own = header.author == replica.me
    preference = preference_of(replica, header.author)
    regard = None if own else replica.trust_state.regard_from(replica.me).get(header.author)
    where, place = here(replica), place_of(replica, header.author, body.place)
    distance = None
    if where is not None and place is not None and (body.place is not None or not own):
        distance = distance_km(where, place), distance_said(where, place)
    audience = Audience(effective_audience(header.audience, preference))
    return ListingView(
        **written_fields(body),
        id=listing_id(header.author, header.slot),
        audience=audience.word,
        follows=header.audience == Audience.FOLLOWS,
        radius_km=preference.radius_km if audience is Audience.ANYONE_LOCAL else None,
        author=reference(replica, header.author),
        trust=None if regard is None else as_trust(regard),
        relation=relation_to(replica, header.author).value,
        distance_km=None if distance is None else round(distance[0], 1),
        distance=None if distance is None else distance[1],
        place=published_place(body.place),
        created=header.created,
        expires=header.expires,
        perhaps_ended=_has_perhaps_ended(replica, header.expires, body.available_until),
        photos=photo_cases.views(replica, body),
    )


def _has_perhaps_ended(replica: Replica, expires: int, until: int | None) -> bool:
    latest = replica.clock.latest_in_doubt()
    return latest is not None and min(expires, expires if until is None else until) <= latest
