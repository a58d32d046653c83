"""Finds the card in a picture, such as a photo of a printed card: a child process reads the codes, see `photo_reader`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from meshnode.errors import Field, Usage
from meshnode.text import photos as text

PICTURE_BYTES_MAX = 64 * 1024 * 1024  # the largest photos of phones have half of it
SECONDS = 30.0  # until the child is given up, however busy the computer is
ANSWER_LETTERS_MAX = 1024 * 1024  # of the child's answer, in which JSON may write a letter with six
CARD_PREFIX = "mesh1"
READER = Path(__file__).with_name("photo_reader.py")
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis")


def card_in(picture: bytes, name: str) -> str:
    """Return the text of the one card in this picture of that name.

    Raises Usage, which says what to do next, if there is no such.
    """
    codes = _codes(picture, name)
    cards = [code.lower() for code in codes if code.lower().startswith(CARD_PREFIX)]
    if len(cards) > 1:
        raise Usage(text.several_cards(name, len(cards)), text.SEVERAL_CARDS_HINT, field=Field.CARD)
    if not cards:
        raise Usage(text.other_code(name) if codes else text.no_code(name), text.NO_CODE_HINT, field=Field.CARD)
    return cards[0]


def is_heic(picture: bytes) -> bool:
    """Whether this is a picture in the format of iPhones, or in AVIF, which is alike."""
    return picture[4:8] == b"ftyp" and picture[8:12] in HEIC_BRANDS


def _codes(picture: bytes, name: str) -> list[str]:
    if is_heic(picture):
        raise Usage(text.heic(name), text.HEIC_HINT, field=Field.CARD)
    try:
        ended = subprocess.run(
            [sys.executable, "-P", os.fspath(READER)],
            input=picture,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
        found = json.loads(ended.stdout[:ANSWER_LETTERS_MAX])
        fault, codes = found.get("fault"), [code for code in found.get("codes", ()) if isinstance(code, str)]
    except (subprocess.TimeoutExpired, ValueError, AttributeError, TypeError):  # it was stopped at one of its limits
        fault, codes = "damaged", []
    if fault is not None:
        raise Usage(text.unreadable(name, str(fault)), text.UNREADABLE_HINT, field=Field.CARD)
    return codes
