"""Photos in the body of a listing that every reader must refuse."""

from __future__ import annotations

from protocol.limits import PHOTO_BYTES_MAX, PHOTO_WORDS_MAX, PHOTOS_MAX, THUMBNAIL_BYTES_MAX
from tests.support.vectors_changes import Change


def refused_photos() -> list[Change]:
    """Return changes of the photos of a listing's body, each of which every reader must refuse."""
    one = [bytes(range(32)), 1000, bytes(range(32, 64)), 100, "A ladder"]
    five = [[bytes([number]) * 32, 1000, bytes([9 + number]) * 32, 100, ""] for number in range(PHOTOS_MAX + 1)]
    return [
        Change("photos that are no array", [17], 1),
        Change("no photo in the list of photos", [17], []),
        Change("five photos", [17], five),
        Change("a photo that is no array", [17, 0], 1),
        Change("a photo of four fields", [17, 0], one[:4]),
        Change("a photo of six fields", [17, 0], [*one, None]),
        Change("a photo with a hash of 31 bytes", [17, 0, 0], bytes(31)),
        Change("a photo with a hash that is text", [17, 0, 0], "h" * 32),
        Change("a photo without bytes", [17, 0, 1], 0),
        Change("a photo of more than 200,000 bytes", [17, 0, 1], PHOTO_BYTES_MAX + 1),
        Change("a photo with a size that is nil", [17, 0, 1], None),
        Change("a thumbnail with a hash of 31 bytes", [17, 0, 2], bytes(31)),
        Change("a thumbnail that is its photo", [17, 0, 2], bytes(range(32))),
        Change("a thumbnail without bytes", [17, 0, 3], 0),
        Change("a thumbnail of more than 12,000 bytes", [17, 0, 3], THUMBNAIL_BYTES_MAX + 1),
        Change("a thumbnail with a size that is nil", [17, 0, 3], None),
        Change("words of more than 200 code points", [17, 0, 4], "a" * (PHOTO_WORDS_MAX + 1)),
        Change("words that are nil", [17, 0, 4], None),
        Change("words in two lines", [17, 0, 4], "a\nb"),
        Change("the same photo twice", [17], [one, one]),
    ]
