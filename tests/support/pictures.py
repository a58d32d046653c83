"""Pictures as cameras and attackers make them."""

from __future__ import annotations

import zlib
from io import BytesIO

from PIL import Image

PLACE = b"GPSPLACE-48.2082N"  # a text that must be in no file that leaves this computer


def camera_picture(form: str = "JPEG", size: tuple[int, int] = (2400, 1800), *, turned: bool = False) -> bytes:
    """Return a picture with a place in its EXIF, in XMP and in a comment, and with a thumbnail in the EXIF too."""
    picture = Image.linear_gradient("L").resize(size).convert("RGB")
    exif = Image.Exif()
    exif[0x010E] = PLACE.decode()  # the description
    exif[0x8825] = {1: "N", 2: (48.0, 12.0, 29.0), 29: PLACE.decode()}  # the place
    if turned:
        exif[0x0112] = 6
    written = BytesIO()
    more = {"comment": PLACE} if form in ("JPEG", "GIF") else {}
    picture.save(written, form, exif=exif, xmp=b"<x>" + PLACE + b"</x>", **more)
    return written.getvalue()


def bomb(side: int = 60_000) -> bytes:
    """Return a PNG of a few kilobytes that says it has so many pixels a side."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = side.to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    pixels = zlib.compress(bytes(1024 * 1024), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
SCRIPT = b"<script>alert(document.cookie)</script>"


def polyglot() -> bytes:
    """Return a JPEG that is a page with a script too, for a browser that looks into files."""
    return camera_picture() + b"<!doctype html>" + SCRIPT


def webp(size: tuple[int, int] = (200, 100), *, color: str = "green", behind: bytes = b"") -> bytes:
    """Return a small WebP as this program makes them, with something behind its end."""
    written = BytesIO()
    Image.new("RGB", size, color).save(written, "WEBP")
    return written.getvalue() + behind


def size_of(data: bytes) -> tuple[int, int]:
    """Return the width and height of a picture."""
    with Image.open(BytesIO(data)) as opened:
        return opened.size


def things_in(data: bytes) -> set[str]:
    """Return what is in a picture beside the picture."""
    with Image.open(BytesIO(data)) as opened:
        opened.load()
        found = {str(name) for name in opened.info} - {"background", "loop", "timestamp", "duration"}
        return found | ({"exif"} if opened.getexif() else set())
