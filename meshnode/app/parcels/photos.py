"""Photos in parcels: those of listings that a reader may have go behind all records, and find room there as fetched ones do.

What is lacking at a reader's is not known, but for photos that a session or a parcel has brought there. A photo that is not
wanted is passed over without a word, as it is in a session, where nobody would have asked for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from msgspec import Struct, field

from meshnode.app.parcels.knowledge import Knowledge
from meshnode.app.peers.held_items import photo_item
from meshnode.errors import StorageFull
from meshnode.replica.replica import Replica
from meshnode.replica.served_set import ServedSet
from meshnode.slices import Steps
from meshnode.store.photos import Named
from protocol import PersonId, PhotoHash, PhotoParts, limits, photo_parts
from protocol.parcels import ParcelPhoto, encode_parcel_frame

log = logging.getLogger(__name__)

OF_A_PERSON_BYTES = 16 * 1024 * 1024  # in one part: a hundred large photos, and a messenger still carries them
OF_A_PARCEL_BYTES = 64 * 1024 * 1024  # in all parts: each person has a copy of their own
_LOOKED_AT_ONCE = 100  # photos in one step, some 10 ms


class PhotosToCarry(Struct):
    """The photos for one person, in their order, and how many more there are that the parcel has no room for."""

    named: list[Named] = field(default_factory=list)
    left: int = 0


def finding(replica: Replica, served: ServedSet, known: Knowledge, *, again: bool, room: int) -> Steps[PhotosToCarry]:
    """Return the photos that the person may have and is not known to hold: thumbnails, and those of new listings, first.

    `again`: also what they are known to hold. `room` is in bytes.
    """
    found, size, seen = PhotosToCarry(), 0, set[PhotoHash]()
    for thumbnail in (True, False):
        before: int | None = None
        while True:
            some, before = replica.store.photos.named_here(thumbnail=thumbnail, before=before)
            for number, photo in enumerate(some, 1):
                if number % _LOOKED_AT_ONCE == 0:
                    yield
                fresh = again or not known.has(photo.hash)
                if photo.hash in seen or not fresh or not served.allows_any([photo.record]):
                    continue
                seen.add(photo.hash)
                if size + photo.size > room or len(found.named) >= limits.PARCEL_PHOTOS_MAX:
                    found.left += not thumbnail
                else:
                    found.named.append(photo)
                    size += photo.size
            if before is None:
                break
            yield
    return found


def putting(
    replica: Replica, served: ServedSet, photos: Iterable[Named], put: Callable[[bytes], None]
) -> Steps[list[Named]]:
    """Put the frames of these photos, as far as the person may have them at that moment; return those that were put."""
    done: list[Named] = []
    for photo in photos:
        data = replica.store.photos.given(photo.hash) if served.allows_any([photo.record]) else None
        if data is not None:
            for part in photo_parts(data):
                put(encode_parcel_frame(ParcelPhoto(photo.hash, part)))
            done.append(photo)
        yield
    return done


class PhotoIntake:
    """Takes in the photos of one part by `sender`. Used in the store thread, a step for each frame."""

    def __init__(self, replica: Replica, sender: PersonId) -> None:
        self._replica = replica
        self._served = ServedSet(replica.store, replica.access, replica.clock, replica.me, sender)
        self._current: PhotoHash | None = None
        self._parts: PhotoParts | None = None  # of the current one, if it is to be kept
        self._named: Named | None = None
        self._begun = 0
        self.kept = 0
        """The number of photos that were new here; a thumbnail counts with its photo."""
        self.items = bytearray()
        """The items of those that are here now: the sender holds them too."""
        self.no_room: list[PhotoHash] = []
        """Those that were wanted and could not be kept."""

    def take(self, frame: ParcelPhoto) -> None:
        """Take the next frame. RemoteError as `PhotoParts.add`."""
        if frame.photo != self._current:
            self._begin(frame.photo)
        if self._parts is not None and (data := self._parts.add(frame.data)) is not None:
            self._parts = None
            self._keep(data)

    def _begin(self, photo: PhotoHash) -> None:
        """Find out whether a photo is to be kept: a listing names it that is lacking it, and that the sender may have."""
        self._current, self._parts, self._named = photo, None, None
        self._begun += 1
        if self._begun > limits.PARCEL_PHOTOS_MAX:
            return
        photos = self._replica.store.photos
        lacking = (named for named in photos.lacking_among([photo]) if self._served.allows_any([named.record]))
        self._named = next(lacking, None)
        if self._named is not None:
            self._parts = PhotoParts(photo, self._named.size, self._named.author)
        elif photos.state(photo) is not None and self._served.allows_any(photos.named_by(photo)):
            self.items += photo_item(photo)

    def _keep(self, data: bytes) -> None:
        replica, named = self._replica, self._named
        assert named is not None, "a photo that is to be kept was found by its name"
        try:
            with replica.transaction():
                kept = replica.photos.keep(named, data, replica.clock.now())
        except StorageFull:  # as in a session: what takes something back must not wait for a photo
            log.warning("the disk is full", extra={"work": "keeping a photo"})
            kept = False
        if not kept:
            self.no_room.append(named.hash)
            return
        replica.photos.queue.ended(named.hash, came=True)
        self.items += photo_item(named.hash)
        self.kept += not named.thumbnail
