"""Offers and needs: posting and changing one's own, and finding one by the beginning of its title or id.

How they end, and go on, is in ending.py.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, NamedTuple

from meshnode.app.catalog.catalog import Catalog, Entry, listing_id
from meshnode.app.listings import archive, expiry
from meshnode.app.listings.view import ListingView, body_of, place_of, view
from meshnode.app.naming import ambiguous, name_of
from meshnode.app.owner.places import Coordinates, cell_of, preference_of
from meshnode.app.owner.preference import audience_named
from meshnode.errors import NotFound, Refused, Usage
from meshnode.replica import authoring
from meshnode.replica.replica import Replica
from protocol import Audience, InvalidField, Kind, Listing, Precision, Record, limits, normalize
from protocol.trust import effective_audience

CLEARABLE = {
    "text": "",
    "tags": (),
    "quantity": None,
    "unit": "",
    "available_from": None,
    "available_until": None,
    "return_by": None,
    "language": "",
    "place": None,
}
PLAIN_FIELDS = ("type", "title", "text", "category", "tags", "quantity", "unit", "available_from", "available_until")
MORE_FIELDS = ("urgency", "lend", "return_by", "language")


@dataclass(frozen=True, slots=True)
class Draft:
    """A new listing. Times are UNIX seconds, `expires_in` seconds; without `audience` it follows your preference."""

    type: str
    title: str
    text: str = ""
    category: str = "other"
    tags: tuple[str, ...] = ()
    quantity: int | None = None
    unit: str = ""
    available_from: int | None = None
    available_until: int | None = None
    urgency: str = "normal"
    lend: bool = False
    return_by: int | None = None
    language: str = ""
    audience: str | None = None
    place: Coordinates | None = None
    expires_in: int | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """What to change in a listing; null leaves a field as it is, `clear` names fields to empty.

    `audience` may also be `follows`: back to your sharing preference.
    """

    type: str | None = None
    title: str | None = None
    text: str | None = None
    category: str | None = None
    tags: tuple[str, ...] | None = None
    quantity: int | None = None
    unit: str | None = None
    available_from: int | None = None
    available_until: int | None = None
    urgency: str | None = None
    lend: bool | None = None
    return_by: int | None = None
    language: str | None = None
    audience: str | None = None
    place: Coordinates | None = None
    expires_in: int | None = None
    clear: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListingsView:
    """Your own listings, newest first; the ids of those that end within a day; and those that are over."""

    listings: tuple[ListingView, ...]
    ending: tuple[str, ...]
    ended: tuple[archive.EndedView, ...]


# --- posting and changing --------------------------------------------------------------------------------------------


class Prepared(NamedTuple):
    """A listing that may be written: what it says, for whom, and until when (UNIX seconds)."""

    body: Listing
    audience: Audience
    expires: int


def prepare(replica: Replica, draft: Draft) -> Prepared:
    """What posting `draft` would write; Usage and Refused where it cannot be."""
    check_count(replica)
    fields = {name: getattr(draft, name) for name in (*PLAIN_FIELDS, *MORE_FIELDS)}
    body = _body(replica, {**fields, "place": _cell(replica, draft.place)})
    now = replica.clock.now()
    stands = expiry.of(body, draft.expires_in, now)
    audience = Audience.FOLLOWS if draft.audience is None else audience_named(draft.audience)
    check_place(replica, audience, body)
    return Prepared(body, audience, now + stands)


def post(replica: Replica, draft: Draft) -> ListingView:
    """Post a new listing under its own name."""
    new = prepare(replica, draft)
    slot = replica.entropy(limits.SLOT_BYTES)
    with replica.transaction():
        record = authoring.write(
            replica,
            Kind.LISTING,
            slot,
            new.body,
            life=limits.LISTING_LIFE,
            audience=new.audience,
            expires=new.expires,
        )
        _keep_exact(replica, slot, draft.place)
    return view(replica, record)


def change(replica: Replica, record: Record, changes: Edit) -> Prepared:
    """What `record` would say with these changes; Usage where that cannot be."""
    before = body_of(record)
    if changes == Edit():
        raise Usage("say what to change", "'meshnode edit --help' lists what can be changed")
    unknown = [name for name in changes.clear if name not in CLEARABLE]
    if unknown:
        raise Usage(f"{unknown[0]!r} cannot be cleared", f"these can: {', '.join(CLEARABLE)}")
    fields: dict[str, Any] = {name: getattr(before, name) for name in (*PLAIN_FIELDS, *MORE_FIELDS, "place")}
    fields |= {name: value for name in (*PLAIN_FIELDS, *MORE_FIELDS) if (value := getattr(changes, name)) is not None}
    if changes.place is not None:
        fields["place"] = _cell(replica, changes.place)
    if changes.lend is False:
        fields["return_by"] = None
    fields |= {name: CLEARABLE[name] for name in changes.clear}
    after = _body(replica, fields)
    audience = _edited_audience(record, changes.audience)
    check_place(replica, audience, after)
    now = replica.clock.now()
    stands = expiry.chosen(changes.expires_in)
    if changes.available_until is not None:
        stands = expiry.of(after, changes.expires_in, now)
    return Prepared(after, audience, record.header.expires if stands is None else now + stands)


def check_count(replica: Replica) -> None:
    """Refuse one more listing where there are as many as others would take."""
    if replica.store.records.count(replica.me) >= limits.AUTHOR_RECORDS_MAX:
        raise Refused(
            f"you have {limits.AUTHOR_RECORDS_MAX} records already", "withdraw a post, or wait until one expires"
        )


def edit(replica: Replica, catalog: Catalog, which: str, changes: Edit) -> ListingView:
    """Change an own listing; its id stays. Whoever may no longer have it is shown that it changed, and no more."""
    record = find(replica, catalog, which, own_only=True)
    before, slot = body_of(record), record.header.slot
    after, audience, expires = change(replica, record, changes)
    if dataclasses.replace(after, salt=before.salt) == before and (audience, expires) == _sharing(record):
        _keep_exact(replica, slot, changes.place)
        return view(replica, record)
    with replica.transaction():
        written = authoring.write(
            replica,
            Kind.LISTING,
            slot,
            after,
            life=limits.LISTING_LIFE,
            audience=audience,
            expires=expires,
            may_reduce_access=may_reduce_access(replica, record, audience, after, expires),
        )
        _keep_exact(replica, slot, changes.place)
    return view(replica, written)


def _body(replica: Replica, fields: dict[str, Any]) -> Listing:
    """The body of these fields, what was typed put into its stored form; Usage says which field is at fault."""
    typed: dict[str, Any] = {
        name: normalize(value) if isinstance(value, str) else value for name, value in fields.items()
    }
    typed["tags"] = tuple(dict.fromkeys(normalize(tag) for tag in fields["tags"]))
    try:
        return Listing(salt=authoring.fresh_salt(replica), **typed)
    except InvalidField as error:
        raise Usage(str(error)) from error


def rewritten(replica: Replica, body: Listing, **changes: Any) -> Listing:
    """`body` with these fields changed, under a salt of its own; Usage says which field is at fault."""
    try:
        return dataclasses.replace(body, salt=authoring.fresh_salt(replica), **changes)
    except InvalidField as error:
        raise Usage(str(error)) from error


def _cell(replica: Replica, position: Coordinates | None) -> str | None:
    """The published cell of a position, as coarse as the owner's preference wants it."""
    if position is None:
        return None
    return cell_of(position, Precision(preference_of(replica, replica.me).precision))


def _keep_exact(replica: Replica, slot: bytes, position: Coordinates | None) -> None:
    """Where a listing is exactly stays on this node, so that another precision can be had later."""
    if position is not None:
        replica.store.places.keep(slot, (position.lat, position.lon))


def check_place(replica: Replica, audience: Audience, body: Listing) -> None:
    """Refuse what is for people nearby and says nowhere where: nobody would ever see it."""
    near = effective_audience(audience, preference_of(replica, replica.me)) == Audience.ANYONE_LOCAL
    if near and place_of(replica, replica.me, body.place) is None:
        raise Usage('"Anyone nearby" needs your location', "say where it is with --place LAT,LON")


def _edited_audience(record: Record, word: str | None) -> Audience:
    if word is None:
        return Audience(record.header.audience)
    return Audience.FOLLOWS if word == Audience.FOLLOWS.word else audience_named(word)


def _sharing(record: Record) -> tuple[Audience, int]:
    return Audience(record.header.audience), record.header.expires


def may_reduce_access(replica: Replica, record: Record, audience: Audience, after: Listing, expires: int) -> bool:
    """Whether anybody who could have the listing may now no longer: then older copies must not stay in use."""
    before, preference = body_of(record), preference_of(replica, replica.me)
    old, new = (effective_audience(each, preference) for each in (record.header.audience, audience))
    wider = new in (old, Audience.NETWORK_WIDE) or (old, new) == (Audience.MY_CELL, Audience.MY_COMMUNITY)
    moved = new == Audience.ANYONE_LOCAL and before.place != after.place
    return not wider or moved or expires < record.header.expires


# --- finding -----------------------------------------------------------------------------------------------------------


def find(replica: Replica, catalog: Catalog, which: str, *, own_only: bool = False) -> Record:
    """The one listing whose title or id begins with `which`; NotFound and Ambiguous as for people."""
    if not which.strip():
        raise Usage("say which post", "its title, its id, or the beginning of either")
    entries = catalog.matching(which, own_only=own_only)
    if not entries:
        whose = "of yours " if own_only else ""
        hint = "'meshnode mine' lists what you posted" if own_only else "'meshnode discover' lists what you can see"
        raise NotFound(f"no post {whose}is called {which!r}", hint)
    if len(entries) > 1:
        raise ambiguous(which, [_candidate(replica, entry) for entry in entries])
    record = replica.store.records.get(entries[0].record)
    if record is None or not record.body:
        raise NotFound(f"no post is called {which!r}", "'meshnode discover' lists what you can see")
    return record


def _candidate(replica: Replica, entry: Entry) -> str:
    record = replica.store.records.get(entry.record)
    if record is None or not record.body:
        return entry.id
    return f"{body_of(record).title} ({entry.id}, by {name_of(replica, record.header.author)})"


def show(replica: Replica, catalog: Catalog, which: str) -> ListingView:
    """The visible listing that `which` names."""
    return view(replica, find(replica, catalog, which))


def mine(replica: Replica, catalog: Catalog) -> ListingsView:
    """The owner's own listings, those that end soon, and those that are over."""
    catalog.catch_up()
    now = replica.clock.now()
    records = replica.store.records.get_many([entry.record for entry in catalog.own()])
    return ListingsView(
        listings=tuple(view(replica, record) for record in records),
        ending=tuple(listing_id(replica.me, r.header.slot) for r in records if expiry.ends_soon(r, now)),
        ended=archive.remembered(replica),
    )
