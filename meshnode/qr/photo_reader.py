"""Reads the QR codes in a picture: the program of a child process that can do nothing else.

The picture comes from anybody, and the libraries that decode it are large and written in C. So they are loaded in this
process alone, which reads the picture from a pipe, has little memory and time, opens no file, starts no program, and ends.
What it found is one line of JSON: `codes`, or `fault` with one word on why there are none.
"""

from __future__ import annotations

import json
import sys
import warnings
from io import BytesIO
from typing import Any

from meshnode.boxed import close_files, confine

PIXELS_MAX = 40_000_000  # decoded in full: more than a screen has, or a page scanned with 600 dots an inch
JPEG_PIXELS_MAX = 256_000_000  # a JPEG is made smaller while it is decoded; phones make pictures of 200 megapixels
SIDE = 3_000  # pixels to which a JPEG is reduced: a code that fills a tenth of the picture can still be read
FIRST_SIDE = 1_600  # pixels of the first attempt, which is quick and removes noise
CODES_MAX = 16  # a picture of a whole notice board
CODE_LETTERS_MAX = 8_192  # more than a QR code can hold
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


def main() -> int:
    """Read the picture from standard input and print what was found."""
    confine()
    from PIL import Image, ImageFile, UnidentifiedImageError

    ImageFile.LOAD_TRUNCATED_IMAGES = False
    warnings.simplefilter("ignore")  # the cap on pixels is our own
    Image.MAX_IMAGE_PIXELS = None
    import zxingcpp

    for name in FORMATS:  # loads all that decoding needs, while files can still be opened
        blank = BytesIO()
        Image.new("L", (1, 1)).save(blank, name)
        _read(blank.getvalue(), Image, zxingcpp)
    close_files()
    try:
        found: dict[str, Any] = _read(sys.stdin.buffer.read(), Image, zxingcpp)
    except UnidentifiedImageError:
        found = {"fault": "format"}
    except MemoryError:
        found = {"fault": "large"}
    except Exception:  # noqa: BLE001 - a decoder can fail in any way on bytes that somebody made for it
        found = {"fault": "damaged"}
    sys.stdout.write(json.dumps(found))
    return 0


def _read(picture: bytes, pil: Any, zxing: Any) -> dict[str, Any]:
    opened = pil.open(BytesIO(picture), formats=FORMATS)
    width, height = opened.size
    if width * height > (JPEG_PIXELS_MAX if opened.format == "JPEG" else PIXELS_MAX):
        return {"fault": "large"}
    opened.draft("L", (SIDE, SIDE))
    gray = _gray(opened, pil)
    codes: list[str] = []
    small = gray.copy()
    small.thumbnail((FIRST_SIDE, FIRST_SIDE))
    for attempt in (small, gray) if small.size != gray.size else (gray,):
        seen = zxing.read_barcodes(attempt, formats=zxing.BarcodeFormat.QRCode)
        codes += [one.text for one in seen if one.valid and len(one.text) <= CODE_LETTERS_MAX]
    return {"codes": list(dict.fromkeys(codes))[:CODES_MAX]}


def _gray(opened: Any, pil: Any) -> Any:
    """Return the picture in shades of gray, on white where it is transparent."""
    if opened.mode in ("LA", "RGBA", "PA") or "transparency" in opened.info:
        colored = opened.convert("RGBA")
        white = pil.new("RGBA", colored.size, "white")
        white.alpha_composite(colored)
        return white.convert("L")
    return opened.convert("L")


if __name__ == "__main__":
    sys.exit(main())
