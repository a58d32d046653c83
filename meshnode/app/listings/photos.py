"""Keeps the owner's new photos until a listing names them, and finds the bytes of photos that the owner may see.

The photos come here as they were made again by a child process, see `meshnode.photos`: nothing here decodes a picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from meshnode.errors import Field, NotFound, Refused, Usage, not_allowed
from meshnode.replica.access import Access
from meshnode.replica.bodies import readable_body
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica
from meshnode.store.photos import PhotoState
from protocol import InvalidField, Kind, Listing, Photo, PhotoHash, limits, normalize_line, photo_hash

UNUSED_SECONDS = limits.HOUR  # a photo that no listing names by then is deleted: its form was given up
UNUSED_MAX = 256  # photos and thumbnails that no listing names, those of ended listings among them


class PhotoGiven(Struct, frozen=True):
    """A photo for a listing: its name, that of its thumbnail, and words for people who cannot see it."""

    photo: str
    thumbnail: str
    words: str = ""


class PhotoView(Struct, frozen=True):
    """A photo of a listing. `here` and `thumbnail_here` say whether it can be shown; if not, it is being fetched."""

    photo: str
    thumbnail: str
    words: str
    size: int
    here: bool
    thumbnail_here: bool


def keep(replica: Replica, photo: bytes, thumbnail: bytes) -> PhotoGiven:
    """Keep a new photo of the owner's, made small, for a listing that is about to name it. Refused where there is no room."""
    photos, now = replica.store.photos, replica.clock.now()
    names = [photo_hash(replica.me, data) for data in (photo, thumbnail)]
    with replica.transaction():
        clear_up(replica)
        if len(photos.unnamed_of_owner()) >= UNUSED_MAX:
            raise Refused("too many photos were added that no post has", "post with some of them, or wait an hour")
        for name, data in zip(names, (photo, thumbnail), strict=True):
            photos.add(name, replica.me, data, PhotoState.OWN, now)
    return PhotoGiven(names[0].hex(), names[1].hex())


def clear_up(replica: Replica, *, gone: Sequence[Photo] = ()) -> None:
    """Delete the owner's photos that no listing names, nor one that could be renewed or is still to be written again.

    One that was added here lately may be in a form; those that are `gone` are in none, nor such as came from another
    device of the owner's.
    """
    store, before = replica.store, replica.clock.now() - UNUSED_SECONDS
    unnamed = store.photos.unnamed_of_owner()
    if not unnamed:
        return
    records = [
        *(ended.record for ended in store.archive.all()),
        *(one.record for one in store.devices.pending_reissues()),
    ]
    bodies = [readable_body(record) for record in records if record.header.kind == Kind.LISTING]
    wanted = _hashes(photo for body in bodies if isinstance(body, Listing) for photo in body.photos)
    at_once = _hashes(gone)
    store.photos.delete(
        hash_ for hash_, added, came in unnamed if hash_ not in wanted and (came or added < before or hash_ in at_once)
    )


def _hashes(photos: Iterable[Photo]) -> set[PhotoHash]:
    return {hash_ for photo in photos for hash_ in (photo.hash, photo.thumbnail)}


def named(replica: Replica, given: Sequence[PhotoGiven], before: Sequence[Photo] = ()) -> tuple[Photo, ...]:
    """Return photos as a listing names them: new ones that are kept here, and those that it had `before`. Raises Usage."""
    if len(given) > limits.PHOTOS_MAX:
        raise Usage("a post has at most {most} photos", field=Field.PHOTOS, most=limits.PHOTOS_MAX)
    known = {photo.hash: photo for photo in before}
    found = []
    for one in given:
        hash_, thumbnail = read(one.photo), read(one.thumbnail)
        held = known.get(hash_)
        if held is not None and held.thumbnail == thumbnail:
            sizes = held.size, held.thumbnail_size
        else:
            sizes = _size(replica, hash_), _size(replica, thumbnail)
        try:
            found.append(Photo(hash_, sizes[0], thumbnail, sizes[1], normalize_line(one.words)))
        except InvalidField as error:
            raise not_allowed(error) from error
    return tuple(found)


def _size(replica: Replica, hash_: PhotoHash) -> int:
    data = replica.store.photos.given(hash_) if replica.store.photos.state(hash_) is PhotoState.OWN else None
    if data is None:
        raise Usage("one of the photos is not here any longer", "add it once more", field=Field.PHOTOS)
    return len(data)


def read(text: str) -> PhotoHash:
    """Return the hash that a text writes. Raises NotFound for any other text."""
    try:
        return bytes.fromhex(text) if len(text) == 64 and text.isascii() else b""
    except ValueError:
        raise NotFound("there is no such photo") from None


def views(replica: Replica, listing: Listing) -> tuple[PhotoView, ...]:
    """Return the photos of a listing as its viewer sees them."""
    photos = replica.store.photos
    shown = (PhotoState.OWN, PhotoState.CHECKED)
    return tuple(
        PhotoView(
            photo.hash.hex(),
            photo.thumbnail.hex(),
            photo.words,
            photo.size,
            photos.state(photo.hash) in shown,
            photos.state(photo.thumbnail) in shown,
        )
        for photo in listing.photos
    )


def look(replica: Replica, listing: Listing) -> None:
    """Fetch the photos of a listing before all others, since the owner looks at it."""
    if replica.photos.queue.look(photo.hash for photo in listing.photos):
        replica.changes.publish(Change(photos=True))


def shown(replica: Replica, which: str) -> bytes:
    """Return the bytes of a photo, or thumbnail, as they were made here. NotFound if it cannot be shown now."""
    photos, hash_ = replica.store.photos, read(which)
    now = replica.clock.ended_by()
    rows = replica.store.records.rows_of(photos.named_by(hash_))
    allowed = any(replica.access.may_have(replica.me, row, now) is Access.ALLOW for row in rows)
    data = photos.shown(hash_) if allowed or photos.is_of_owner(hash_) else None
    if data is None:
        raise NotFound("this photo is not here", "it may come as soon as a neighbor who has it is near")
    return data
