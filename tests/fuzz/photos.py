"""Fuzzes photos: the frames that carry them, and the pictures that reach the decoder's child and come back from it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import Image, ImageOps

from meshnode.photos import child, remake
from protocol import Photo, RemoteError, decode, limits, photo_hash
from protocol.fields import parses
from protocol.records.photo import read_photos
from protocol.session import PhotoReceived, PhotoRequested
from protocol.session.photos import PhotoExchange
from protocol.wire import decode_known, encode_frame
from protocol.wire.frames import FetchPhoto, Frame, PhotoPart
from tests.fuzz.harness import CALLS, Harness, Refused, answer_of
from tests.fuzz.source import Source, as_bytes
from tests.support.people import Person, grown
from tests.support.pictures import camera_picture, things_in

ROUNDS = 24
PIXELS = 1 << 16  # of a picture: a larger one takes the decoder longer, and reaches nothing else
ALICE, BOB = Person("Alice").id, Person("Bob").id
HELD = [(grown("photo", str(size), size=32) * 6_250)[:size] for size in (1, 39_999, 40_000, 40_001, 200_000)]
NAMES = {photo_hash(ALICE, data): data for data in HELD}
FORMS = ("WEBP", "JPEG", "PNG", "GIF")
SOUND = [camera_picture(form, (48, 32), turned=turned) for form in FORMS for turned in (False, True)]
FIELDS = tuple(
    Photo(grown("one", size=32), 9_000, grown("small", size=32), 900, "A bench").to_value() for _ in range(2)
)


def photo_frames(data: bytes) -> None:
    """Whatever the other side says about photos: what comes is what was asked for, and kept up to its size."""
    source = Source(data)
    told: list[Frame] = []
    exchange = PhotoExchange(told.append)
    now, asked, requested = 0.0, None, 0
    for _ in range(ROUNDS):
        if exchange.free(now) and source.below(2):
            asked = source.pick(tuple(NAMES))
            exchange.fetch(asked, len(NAMES[asked]), ALICE, now)
        frame = _frame(source, asked)
        if frame is None:
            return
        try:
            events = exchange.take(frame, now)
        except RemoteError:
            return
        assert exchange._asked is None or exchange._asked.came <= limits.PHOTO_BYTES_MAX
        for event in events:
            if isinstance(event, PhotoRequested):
                requested += 1
                exchange.give(source.pick((None, *HELD)))
            else:
                assert isinstance(event, PhotoReceived)
                assert event.data is None or event.data == NAMES[event.photo]
                asked = None
        given = [frame for frame in told if isinstance(frame, PhotoPart)]
        assert all(frame.data is None or 0 < len(frame.data) <= limits.PHOTO_PART_BYTES for frame in given)
        assert {frame.photo for frame in given} or not requested
        now += source.pick((0.0, 0.1, 61.0))
    fields = source.edited(FIELDS)
    photos = answer_of(parses(read_photos), fields)
    assert isinstance(photos, Refused) or tuple(photo.to_value() for photo in photos) == fields


def _frame(source: Source, asked: bytes | None) -> FetchPhoto | PhotoPart | None:
    """Return a frame as the other side may send it; None if it can be none, which ends the session before."""
    name = asked if asked is not None and source.below(4) else source.pick((*NAMES, bytes(32)))
    sound: Frame = FetchPhoto(name)
    if source.below(4):
        part = NAMES.get(name, b"")[source.below(5) * limits.PHOTO_PART_BYTES :][: limits.PHOTO_PART_BYTES]
        sound = PhotoPart(name, part if source.below(8) else None)
    written = encode_frame(sound)
    if source.below(4) == 1:
        written = as_bytes(source.edited(decode(written, max_bytes=limits.FRAME_MAX_BYTES)))
    frame = answer_of(decode_known, written)
    return frame if isinstance(frame, FetchPhoto | PhotoPart) else None


def pictures(data: bytes) -> None:
    """Whatever is given for a picture: what comes out is a small WebP and nothing else in it, or a word."""
    source = Source(data)
    match source.below(4):
        case 0:
            given = source.take(len(data))
            parts = child._parts(given)
            assert not parts or b"".join(len(one).to_bytes(4, "big") + one for one in parts) == given
            taken = remake._pictures(given)
            assert len(taken) <= remake.SHOWN_AT_ONCE
        case _:
            given = source.pick(SOUND)
            for _ in range(1 + source.below(3)):
                given = source.edited_bytes(given)
    with _small_pictures():
        shown = remake._shown(given, Image, ImageOps)
        added = remake._added(given, Image, ImageOps)
    assert shown == b"" or _is_clean(shown, limits.PHOTO_BYTES_MAX)
    if added[0]:
        assert _is_clean(added[0], limits.PHOTO_BYTES_MAX)
        assert _is_clean(added[1], limits.THUMBNAIL_BYTES_MAX)
    else:
        assert added[1] in (b"damaged", *(word.encode() for word in child.WHY))


def _is_clean(made: bytes, most: int) -> bool:
    with Image.open(BytesIO(made)) as opened:
        small = max(opened.size) <= remake.SIDE
    return small and child._is_whole(made, most) and things_in(made) == set()


@contextmanager
def _small_pictures() -> Iterator[None]:
    """Have pictures of more than PIXELS count as too large, and set what the child sets for itself."""
    before = remake.PIXELS_MAX, remake.JPEG_PIXELS_MAX, remake.SHOWN_PIXELS_MAX, Image.MAX_IMAGE_PIXELS
    remake.PIXELS_MAX = remake.JPEG_PIXELS_MAX = remake.SHOWN_PIXELS_MAX = PIXELS
    Image.MAX_IMAGE_PIXELS = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            remake.PIXELS_MAX, remake.JPEG_PIXELS_MAX, remake.SHOWN_PIXELS_MAX, Image.MAX_IMAGE_PIXELS = before


def _exchanges() -> Iterator[bytes]:
    for photo in range(len(NAMES)):
        # It is asked for, and comes part by part.
        yield bytes([1, photo, 1, 1, 0, 1, 0, 0]) + b"".join(bytes([1, 1, part, 1, 0, 0]) for part in range(1, 5))
        yield bytes([1, photo, 1, 1, 0, 0, 0, 0, 0, 0, photo, 0, 0, 0])
    yield bytes([0, 0, 0, 0, 2, 0] * 6)
    yield bytes([0, 0, 0, 1, 2, 1, 1, 3] * 6)


def _pictures() -> Iterator[bytes]:
    yield b"\0"
    yield b"\0" + len(child.SOUND).to_bytes(4, "big") + child.SOUND
    for number in range(len(SOUND)):
        for at in (12, 40, 120, 200):
            yield bytes([1, number, 0, at, 0, 255])
            yield bytes([1, number, 0, at, 1])
            yield bytes([1, number, 1, at, 2, 3, 1, 2, 3, at, 3, 4])


HARNESSES = (
    Harness("photo_frames", photo_frames, _exchanges, CALLS),
    Harness("pictures", pictures, _pictures, CALLS * 2),
)
