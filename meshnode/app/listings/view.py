"""How a listing is shown: what its author wrote, and what he is to the viewer."""

from __future__ import annotations

from dataclasses import dataclass

from meshnode.app.catalog.catalog import listing_id
from meshnode.app.naming import PersonRef, reference, relation_to
from meshnode.app.owner.places import here, preference_of
from meshnode.app.owner.preference import PublishedPlace, published_place
from meshnode.replica.replica import Replica
from protocol import Audience, Kind, Listing, PersonId, Record, distance_km, distance_words, parse_body
from protocol.trust import as_trust, effective_audience


@dataclass(frozen=True, slots=True)
class ListingView:
    """A listing as its viewer sees it. Times are UNIX seconds; `trust` is yours in its author (null: your own).

    `audience` is the one in effect, `follows` says that it is its author's usual one; `radius_km` is how far
    `anyone_local` goes, null for others. `distance` is the distance in words, and null like `distance_km` where either
    place is unknown. `place` is the listing's own, as coarse as its author publishes it; null: where its author is.
    """

    id: str
    type: str
    title: str
    category: str
    audience: str
    follows: bool
    radius_km: int | None
    author: PersonRef
    trust: float | None
    relation: str
    distance_km: float | None
    distance: str | None
    text: str
    tags: tuple[str, ...]
    quantity: int | None
    unit: str
    available_from: int | None
    available_until: int | None
    urgency: str
    lend: bool
    return_by: int | None
    language: str
    place: PublishedPlace | None
    created: int
    expires: int


def body_of(record: Record) -> Listing:
    """What a listing's record says."""
    body = parse_body(Kind.LISTING, record.body or b"")
    assert isinstance(body, Listing)
    return body


def place_of(replica: Replica, author: PersonId, place: str | None) -> str | None:
    """A listing's own place, else its author's."""
    profile = replica.trust_state.profile(author)
    return place or (profile.place if profile is not None else None)


def view(replica: Replica, record: Record) -> ListingView:
    """How the owner of this node sees a listing."""
    header, body = record.header, body_of(record)
    own = header.author == replica.me
    preference = preference_of(replica, header.author)
    regard = None if own else replica.trust_state.regard_from(replica.me).get(header.author)
    where, place = here(replica), place_of(replica, header.author, body.place)
    distance = None
    if where is not None and place is not None and not own:
        distance = distance_km(where, place), distance_words(where, place)
    audience = Audience(effective_audience(header.audience, preference))
    return ListingView(
        id=listing_id(header.author, header.slot),
        type=body.type,
        title=body.title,
        category=body.category,
        audience=audience.word,
        follows=header.audience == Audience.FOLLOWS,
        radius_km=preference.radius_km if audience is Audience.ANYONE_LOCAL else None,
        author=reference(replica, header.author),
        trust=None if regard is None else as_trust(regard),
        relation=relation_to(replica, header.author).value,
        distance_km=None if distance is None else round(distance[0], 1),
        distance=None if distance is None else distance[1],
        text=body.text,
        tags=body.tags,
        quantity=body.quantity,
        unit=body.unit,
        available_from=body.available_from,
        available_until=body.available_until,
        urgency=body.urgency,
        lend=body.lend,
        return_by=body.return_by,
        language=body.language,
        place=published_place(body.place),
        created=header.created,
        expires=header.expires,
    )
