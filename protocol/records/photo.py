"""Names the photos of a listing: each by a hash of its author and its bytes, so that nobody can give others.

The bytes travel apart from the record, see session/photos.py. Since the author is in the hash, the same picture has another
name for each author: naming a picture does not show who else has it. Spec: protocol/README.md, "Photos".
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

from msgspec import Struct

from protocol.codec import Value
from protocol.errors import Code, InvalidField, RemoteError
from protocol.fields import check_bytes, check_number
from protocol.keys import PersonId
from protocol.limits import PHOTO_BYTES_MAX, PHOTO_PART_BYTES, PHOTO_WORDS_MAX, PHOTOS_MAX, THUMBNAIL_BYTES_MAX
from protocol.text import check_text

PHOTO_HASH_BYTES = 32
_DOMAIN = b"meshnode photo v1\0"
_FIELDS = 5

PhotoHash = bytes
"""Names a photo or a thumbnail: 32 bytes."""


def photo_hash(author: PersonId, data: bytes) -> PhotoHash:
    """Return the name of a photo, or a thumbnail, with these bytes in a listing of this author."""
    return blake2b(_DOMAIN + author + data, digest_size=PHOTO_HASH_BYTES).digest()


def photo_parts(data: bytes) -> Iterator[bytes]:
    """Yield the bytes of a photo in the parts in which it travels: each but the last has PHOTO_PART_BYTES."""
    for start in range(0, len(data), PHOTO_PART_BYTES):
        yield data[start : start + PHOTO_PART_BYTES]


class PhotoParts:
    """Joins the parts of the photo of `size` bytes that a listing of `author` names by `photo`."""

    def __init__(self, photo: PhotoHash, size: int, author: PersonId) -> None:
        self.photo = photo
        self._size = size
        self._author = author
        self._came = bytearray()

    @property
    def came(self) -> int:
        """The number of bytes that have come."""
        return len(self._came)

    def add(self, part: bytes) -> bytes | None:
        """Take the next part; return the photo once it is whole, else None.

        RemoteError MALFORMED for a part of another length than is due, FORGED for another photo than the one named.
        """
        if len(part) != min(PHOTO_PART_BYTES, self._size - len(self._came)):
            raise RemoteError(Code.MALFORMED, "a part of a photo of the wrong length")
        self._came += part
        if len(self._came) < self._size:
            return None
        data = bytes(self._came)
        if photo_hash(self._author, data) != self.photo:
            raise RemoteError(Code.FORGED, "another photo than the one that is named")
        return data


class Photo(Struct, frozen=True):
    """A photo as its listing names it; sizes are in bytes."""

    hash: PhotoHash
    size: int
    thumbnail: PhotoHash
    """Names the same picture in small, for lists."""
    thumbnail_size: int
    words: str = ""
    """What it shows, for people who cannot see it; may be empty."""

    def __post_init__(self) -> None:
        check_bytes("photo", self.hash, PHOTO_HASH_BYTES)
        check_number("size of a photo", self.size, 1, PHOTO_BYTES_MAX)
        check_bytes("thumbnail", self.thumbnail, PHOTO_HASH_BYTES)
        check_number("size of a thumbnail", self.thumbnail_size, 1, THUMBNAIL_BYTES_MAX)
        check_text("words for a photo", self.words, PHOTO_WORDS_MAX)

    def to_value(self) -> Value:
        """Return the value that `read_photos` reads."""
        return (self.hash, self.size, self.thumbnail, self.thumbnail_size, self.words)


def read_photos(value: Value) -> tuple[Photo, ...]:
    """Return the photos that a body names. Raises InvalidField; a body that names none has no such field."""
    if not isinstance(value, tuple) or not value:
        raise InvalidField("photos", "must be a list that is not empty")
    photos = []
    for fields in value:
        if not isinstance(fields, tuple) or len(fields) != _FIELDS:
            raise InvalidField("photo", f"must have {_FIELDS} fields")
        photos.append(Photo(*fields))  # type: ignore[arg-type]  # it checks the types of its fields
    return tuple(photos)


def check_photos(photos: tuple[Photo, ...]) -> None:
    """Check the photos of a listing: how many, and that no name comes twice."""
    if len(photos) > PHOTOS_MAX:
        raise InvalidField("photos", "must not be more than {most}", most=PHOTOS_MAX)
    names = [name for photo in photos for name in (photo.hash, photo.thumbnail)]
    if len(set(names)) != len(names):
        raise InvalidField("photos", "must differ from each other")
