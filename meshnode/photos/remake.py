"""Makes pictures again: the program of a child process that can do nothing else, see `boxed`.

It reads pictures from its standard input and writes them to its standard output, each with its length in front: small, as
WebP, and nothing in them but the picture. Whatever else was in the file, the place where it was taken among it, is gone.

    python -m meshnode.photos.remake add     one picture of the owner's -> photo, thumbnail
    python -m meshnode.photos.remake show    photos and thumbnails of one author -> each as it is shown, empty if it cannot be

If a picture cannot be added, the answer is one word on why, after a length of 0.
"""

from __future__ import annotations

import os
import sys
import warnings
from io import BytesIO
from typing import Any

from meshnode.boxed import close_files, confine

SIDE = 1_600  # pixels of the longest side of a photo
PHOTO_BYTES = 200_000  # as the protocol has it, which this program does not load
THUMBNAIL_SIDE = 320
THUMBNAIL_BYTES = 12_000
PIXELS_MAX = 40_000_000  # decoded in full: more than a screen has
JPEG_PIXELS_MAX = 256_000_000  # a JPEG is made smaller while it is decoded; phones make pictures of 200 megapixels
SHOWN_PIXELS_MAX = 4 * SIDE * SIDE  # of a photo that came: others make it as small as this node does
SHOWN_AT_ONCE = 8
ADDED_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
SHOWN_FORMATS = ("WEBP", "JPEG")
QUALITIES = (82, 70, 55, 40, 25)
SHRINK = 0.75  # of the side, where the lowest quality is still too large
NICENESS = 10  # people who wait for the node go first
CPU_SECONDS = 40  # for SHOWN_AT_ONCE pictures, or one of a phone that is encoded several times
LENGTH_BYTES = 4


def main(arguments: list[str]) -> int:
    """Make the pictures on the standard input again."""
    os.nice(NICENESS)
    confine(cpu_seconds=CPU_SECONDS)
    from PIL import Image, ImageFile, ImageOps

    ImageFile.LOAD_TRUNCATED_IMAGES = False
    warnings.simplefilter("ignore")  # the caps on pixels are our own
    Image.MAX_IMAGE_PIXELS = None
    for name in ADDED_FORMATS:  # loads all that decoding needs, while files can still be opened
        blank = BytesIO()
        Image.new("RGB", (2, 2)).save(blank, name)
        _small(_decoded(blank.getvalue(), ADDED_FORMATS, PIXELS_MAX, Image, ImageOps), 2, 10_000, Image)
    close_files()
    if arguments == ["add"]:
        parts = _added(sys.stdin.buffer.read(), Image, ImageOps)
    else:
        parts = [_shown(picture, Image, ImageOps) for picture in _pictures(sys.stdin.buffer.read())]
    for part in parts:
        sys.stdout.buffer.write(len(part).to_bytes(LENGTH_BYTES, "big") + part)
    return 0


def _pictures(data: bytes) -> list[bytes]:
    found: list[bytes] = []
    while data and len(found) < SHOWN_AT_ONCE:
        end = LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES], "big")
        found.append(data[LENGTH_BYTES:end])
        data = data[end:]
    return found


def _added(given: bytes, pil: Any, ops: Any) -> list[bytes]:
    try:
        picture = _decoded(given, ADDED_FORMATS, PIXELS_MAX, pil, ops)
        photo = _small(picture, SIDE, PHOTO_BYTES, pil)
        thumbnail = _small(picture, THUMBNAIL_SIDE, THUMBNAIL_BYTES, pil)
        if thumbnail == photo:  # a small picture; the protocol tells the two apart by their bytes
            thumbnail = _small(picture, THUMBNAIL_SIDE, THUMBNAIL_BYTES, pil, qualities=QUALITIES[1:])
        return [photo, thumbnail]
    except pil.UnidentifiedImageError:
        return [b"", b"format"]
    except (MemoryError, _TooLarge):
        return [b"", b"large"]
    except Exception:  # noqa: BLE001 - a decoder can fail in any way on bytes that somebody made for it
        return [b"", b"damaged"]


def _shown(picture: bytes, pil: Any, ops: Any) -> bytes:
    small = len(picture) <= THUMBNAIL_BYTES
    try:
        decoded = _decoded(picture, SHOWN_FORMATS, SHOWN_PIXELS_MAX, pil, ops)
        return _small(decoded, SIDE, PHOTO_BYTES, pil, qualities=QUALITIES[1:] if small else QUALITIES)
    except Exception:  # noqa: BLE001 - likewise
        return b""


class _TooLarge(Exception):
    """The picture has more pixels than are decoded."""


def _decoded(data: bytes, formats: tuple[str, ...], pixels: int, pil: Any, ops: Any) -> Any:
    """Return the picture, upright, on white where it is transparent, and without anything else that was in the file."""
    opened = pil.open(BytesIO(data), formats=formats)
    width, height = opened.size
    if width * height > (JPEG_PIXELS_MAX if opened.format == "JPEG" and pixels == PIXELS_MAX else pixels):
        raise _TooLarge
    opened.draft("RGB", (SIDE, SIDE))
    opened.load()
    turned = ops.exif_transpose(opened)
    if turned.mode in ("LA", "RGBA", "PA", "La", "RGBa") or "transparency" in turned.info:
        colored = turned.convert("RGBA")
        clean = pil.new("RGBA", colored.size, "white")
        clean.alpha_composite(colored)
        return clean.convert("RGB")
    clean = pil.new("RGB", turned.size)
    clean.paste(turned.convert("RGB"))
    return clean


def _small(picture: Any, side: int, most: int, pil: Any, qualities: tuple[int, ...] = QUALITIES) -> bytes:
    """Return the picture as WebP, no side longer than `side` and at most `most` bytes."""
    while True:
        small = picture.copy()
        small.thumbnail((side, side), pil.Resampling.LANCZOS)
        for quality in qualities:
            written = BytesIO()
            small.save(written, "WEBP", quality=quality)
            if written.tell() <= most:
                return written.getvalue()
        side = int(side * SHRINK)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
