"""Posts, changes and shows the owner's offers and needs, and finds the listing that a text names.

How listings end and are renewed is in `lifecycle`.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Final, NamedTuple

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields, replace

from meshnode.app import date
from meshnode.app.catalog.catalog import Catalog
from meshnode.app.catalog.ids import listing_id
from meshnode.app.listings import archive, expiry
from meshnode.app.listings import photos as photo_cases
from meshnode.app.listings.view import ListingView, body_of, place_of, view, written_fields
from meshnode.app.naming import name_of
from meshnode.app.owner import places, plausible
from meshnode.app.owner.places import Coordinates, cell_of, preference_of
from meshnode.app.owner.preference import audience_named
from meshnode.app.picking import Candidate, alike, pick
from meshnode.app.words import searchable
from meshnode.errors import Field, NotFound, Refused, Usage, not_allowed
from meshnode.quoting import named, quoted
from meshnode.replica import authoring
from meshnode.replica.replica import Replica
from protocol import (
    Audience,
    InvalidField,
    Kind,
    Listing,
    ListingFields,
    Precision,
    Quantity,
    Record,
    limits,
    normalize,
    normalize_line,
)
from protocol.trust import effective_audience

DEFAULTS: dict[str, Any] = {each.name: each.default for each in fields(Listing) if each.default is not NODEFAULT}
"""By field of a listing that may be left out: its value then."""
CLEARABLE = tuple(name for name, default in DEFAULTS.items() if default is None or default in ("", ()))
"""The fields that can be empty. The others with a default always say something, such as the category."""

LENT = 1  # of what is lent there is one, unless its owner says otherwise: it must not be promised to two


class Unset(Enum):
    """The type of `UNSET`, the value of a field that an edit does not mention; null is another value."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


class ListingDraft(ListingFields, frozen=True):
    """A new listing. Times are UNIX seconds, `expires_in` seconds; without `audience` it follows your preference.

    Without `quantity` it is not limited, but of what is lent there is one. A `place` far from yours is taken only with
    `anyway`.
    """

    audience: str | None = None
    place: Coordinates | None = None
    expires_in: int | None = None
    photos: tuple[photo_cases.PhotoGiven, ...] = ()
    anyway: bool = False


class ListingEdit(Struct, frozen=True):
    """Changes to a listing, as a JSON merge patch (RFC 7396): what is left out stays, null empties a field.

    Null sets a field to what a new listing has where it is left out. `audience` may also be `follows`: back to your
    sharing preference, as null does. `clear` names fields to empty, as null in them does. A `place` far from yours is taken
    only with `anyway`.
    """

    type: str | Unset = UNSET
    title: str | Unset = UNSET
    text: str | Unset | None = UNSET
    category: str | Unset | None = UNSET
    tags: tuple[str, ...] | Unset | None = UNSET
    quantity: Quantity | Unset | None = UNSET
    unit: str | Unset | None = UNSET
    available_from: int | Unset | None = UNSET
    available_until: int | Unset | None = UNSET
    urgency: str | Unset | None = UNSET
    lend: bool | Unset | None = UNSET
    return_by: int | Unset | None = UNSET
    language: str | Unset | None = UNSET
    notice_board: bool | Unset | None = UNSET
    audience: str | Unset | None = UNSET
    place: Coordinates | Unset | None = UNSET
    expires_in: int | Unset | None = UNSET
    photos: tuple[photo_cases.PhotoGiven, ...] | Unset | None = UNSET
    clear: tuple[str, ...] = ()
    anyway: bool = False


class ListingsView(Struct, frozen=True):
    """Your own listings, newest first; the ids of those that end within a day; and those that have ended."""

    listings: tuple[ListingView, ...]
    ending: tuple[str, ...]
    ended: tuple[archive.EndedView, ...]


# --- posting and changing --------------------------------------------------------------------------------------------


class Prepared(NamedTuple):
    """A listing that may be written: its body, its audience, and when it expires (UNIX seconds)."""

    body: Listing
    audience: Audience
    expires: int


def prepare(replica: Replica, draft: ListingDraft) -> Prepared:
    """Return what posting `draft` would write. Raises Usage or Refused where it cannot be posted."""
    check_count(replica)
    plausible.check_post(replica, draft.place, anyway=draft.anyway)
    fields = written_fields(draft) | {
        "place": _cell(replica, draft.place),
        "photos": photo_cases.named(replica, draft.photos),
    }
    if draft.lend and draft.quantity is None:
        fields["quantity"] = LENT
    body = _body(replica, fields)
    now = replica.clock.now()
    expiry.check_dates(available_until=body.available_until, return_by=body.return_by, now=now)
    life = expiry.life_of(body, draft.expires_in, now)
    audience = Audience.FOLLOWS if draft.audience is None else audience_named(draft.audience)
    check_place(replica, audience, body)
    return Prepared(body, audience, now + life)


def post(replica: Replica, draft: ListingDraft) -> ListingView:
    """Post a new listing in a slot of its own. Raises as `prepare` does."""
    new = prepare(replica, draft)
    slot, twin = replica.entropy(limits.SLOT_BYTES), _twin(replica, new.body)
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
    return replace(view(replica, record), twin=twin, warning=date.warning(replica, new.expires))


def _twin(replica: Replica, body: Listing) -> str | None:
    """Return the id of an open listing of the owner's with the same type and title, since one may be posted twice."""
    for record, other in places.own_listings(replica):
        if (other.type, alike(other.title)) == (body.type, alike(body.title)):
            return listing_id(replica.me, record.header.slot)
    return None


def change(replica: Replica, record: Record, changes: ListingEdit) -> Prepared:
    """Return what `record` would become with these changes. Raises Usage where they cannot be made."""
    if changes == ListingEdit(anyway=changes.anyway):
        raise Usage("say what to change", "'meshnode edit --help' lists what can be changed")
    if isinstance(changes.place, Coordinates):
        plausible.check_post(replica, changes.place, anyway=changes.anyway)
    patch, before, now = _patch(replica, changes), body_of(record), replica.clock.now()
    if "photos" in patch:
        patch["photos"] = photo_cases.named(replica, patch["photos"], before.photos)
    if patch.get("lend") and not before.lend and before.quantity is None:
        patch.setdefault("quantity", LENT)
    fields = written_fields(before) | {
        "place": before.place,
        "promised": before.promised,
        "photos": before.photos,
    }
    if "quantity" in patch:  # the owner says how much there is beside what is promised
        limited = patch["quantity"] is not None
        fields["promised"] = replica.store.exchanges.held(record.header.slot) if limited else 0
    after = _body(replica, fields | {name: patch[name] for name in fields if name in patch})
    audience = _edited_audience(record, patch)
    check_place(replica, audience, after)
    expiry.check_dates(available_until=patch.get("available_until"), return_by=patch.get("return_by"), now=now)
    return Prepared(after, audience, expiry.expires_after_edit(record, before, after, patch, now))


def _patch(replica: Replica, changes: ListingEdit) -> dict[str, Any]:
    """Return the values of the fields that `changes` mentions, a place as the cell that is published of it."""
    fixed = [name for name in changes.clear if name not in CLEARABLE]
    if fixed:
        raise Usage("{fixed} cannot be emptied", "these can: {words}", fixed=repr(fixed[0]), words=", ".join(CLEARABLE))
    values = {
        each.name: getattr(changes, each.name) for each in fields(changes) if each.name not in ("clear", "anyway")
    }
    values |= dict.fromkeys(changes.clear)
    patch = {
        name: DEFAULTS.get(name) if value is None else value for name, value in values.items() if value is not UNSET
    }
    if patch.get("place") is not None:
        patch["place"] = _cell(replica, patch["place"])
    if patch.get("lend") is False:
        patch["return_by"] = None
    return patch


def check_count(replica: Replica) -> None:
    """Raise Refused where the owner has as many records, letters left out, as other nodes would take."""
    if replica.store.records.usage_of(replica.me).other_records >= limits.AUTHOR_RECORDS_MAX:
        raise Refused(
            "you have {most} items already, which is the most",
            "withdraw a post, or wait until one expires",
            most=limits.AUTHOR_RECORDS_MAX,
        )


def edit(replica: Replica, catalog: Catalog, which: str, changes: ListingEdit) -> ListingView:
    """Change an own listing, which keeps its id. People who may no longer have it learn only that it changed."""
    record = find(replica, catalog, which, own_only=True)
    before, slot = body_of(record), record.header.slot
    after, audience, expires = change(replica, record, changes)
    exact = None if changes.place is UNSET else changes.place
    if replace(after, salt=before.salt) == before and (audience, expires) == _sharing(record):
        _keep_exact(replica, slot, exact)
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
        _keep_exact(replica, slot, exact)
    photo_cases.clear_up(replica, gone=before.photos)
    return view(replica, written)


def _body(replica: Replica, fields: dict[str, Any]) -> Listing:
    """Return the body with these fields, typed text in its normal form. Raises Usage that names the wrong field."""
    typed: dict[str, Any] = {
        name: normalize_line(value) if isinstance(value, str) else value for name, value in fields.items()
    }
    typed["text"] = normalize(fields["text"])
    typed["tags"] = tuple(dict.fromkeys(normalize_line(tag) for tag in fields["tags"]))
    try:
        return Listing(salt=authoring.fresh_salt(replica), **typed)
    except InvalidField as error:
        raise not_allowed(error) from error


def rewritten(replica: Replica, body: Listing, **changes: Any) -> Listing:
    """Return `body` with these fields changed and a new salt. Raises Usage that names the wrong field."""
    try:
        return replace(body, salt=authoring.fresh_salt(replica), **changes)
    except InvalidField as error:
        raise not_allowed(error) from error


def _cell(replica: Replica, position: Coordinates | None) -> str | None:
    """Return the cell that is published of a position, as coarse as the owner's preference says."""
    if position is None:
        return None
    return cell_of(position, Precision(preference_of(replica, replica.me).precision))


def _keep_exact(replica: Replica, slot: bytes, position: Coordinates | None) -> None:
    """Keep the exact place of a listing on this node, so that it can be published with another precision later."""
    if position is not None:
        replica.store.places.keep(slot, (position.lat, position.lon))


def check_place(replica: Replica, audience: Audience, body: Listing) -> None:
    """Raise Usage for a listing for people nearby without any place: nobody could ever see it."""
    near = effective_audience(audience, preference_of(replica, replica.me)) == Audience.ANYONE_LOCAL
    if near and place_of(replica, replica.me, body.place) is None:
        raise Usage(
            '"Anyone nearby" needs your location',
            "give the post one with --place LAT,LON, or set yours: meshnode share set --place LAT,LON",
            field=Field.PLACE,
        )


def _edited_audience(record: Record, patch: dict[str, Any]) -> Audience:
    word = patch.get("audience", Audience(record.header.audience).word)
    return Audience.FOLLOWS if word in (None, Audience.FOLLOWS.word) else audience_named(word)


def _sharing(record: Record) -> tuple[Audience, int]:
    return Audience(record.header.audience), record.header.expires


def may_reduce_access(replica: Replica, record: Record, audience: Audience, after: Listing, expires: int) -> bool:
    """Whether the change may take the listing from somebody who could have it: older copies must then be dropped."""
    before, preference = body_of(record), preference_of(replica, replica.me)
    old, new = (effective_audience(each, preference) for each in (record.header.audience, audience))
    wider = new in (old, Audience.NETWORK_WIDE) or (old, new) == (Audience.MY_CELL, Audience.MY_COMMUNITY)
    moved = new == Audience.ANYONE_LOCAL and before.place != after.place
    return not wider or moved or expires < record.header.expires


# --- finding -----------------------------------------------------------------------------------------------------------


def find(
    replica: Replica, catalog: Catalog, which: str, *, own_only: bool = False, destructive: bool = False
) -> Record:
    """Return the listing that `which` means; NotFound, Ambiguous and `destructive` as in `picking.pick`."""
    found = pick(which, candidates(replica, catalog, which, own_only=own_only), noun="post", destructive=destructive)
    if found is None:
        hint = "'meshnode mine' lists your posts" if own_only else "'meshnode discover' lists what you can see"
        raise NotFound(
            "no post of yours is called {which}" if own_only else "no post is called {which}", hint, which=repr(which)
        )
    return found


def candidates(replica: Replica, catalog: Catalog, which: str, *, own_only: bool) -> list[Candidate[Record]]:
    """Return the listings in use that `which` may mean. They are preferred to ended ones."""
    found = catalog.matching(which, own_only=own_only) if which.strip() else []
    records = replica.store.records.get_many(found)
    return [candidate(replica, record) for record in records if record.body]


def candidate(replica: Replica, record: Record) -> Candidate[Record]:
    """Return a listing's record, which must have a body, for `picking` to compare with a text."""
    body, author = body_of(record), record.header.author
    id_ = listing_id(author, record.header.slot)

    def label() -> str:
        return f"{quoted(body.title)} ({body.type} {id_}, by {named(name_of(replica, author))})"

    more = searchable(" ".join((*body.tags, body.text, name_of(replica, author))))
    return Candidate(record, id_, body.title, label, preferred=True, more=more)


def show(replica: Replica, catalog: Catalog, which: str) -> ListingView:
    """Return the listing that `which` names: anybody's that the owner can see, else an own one that has ended."""
    try:
        record = find(replica, catalog, which)
    except NotFound:
        ended = pick(which, archive.candidates(replica), noun="post")
        if ended is None:
            raise
    else:
        photo_cases.look(replica, body_of(record))
        return view(replica, record)
    return replace(view(replica, ended.record), ended=ended.state, ended_at=ended.at)


def mine(replica: Replica, catalog: Catalog) -> ListingsView:
    """Return the owner's own listings, the ids of those that end soon, and those that have ended."""
    catalog.catch_up()
    now = replica.clock.now()
    records = replica.store.records.get_many([entry.record for entry in catalog.own()])
    return ListingsView(
        listings=tuple(view(replica, record) for record in records),
        ending=tuple(listing_id(replica.me, r.header.slot) for r in records if expiry.ends_soon(r, now)),
        ended=archive.remembered(replica),
    )
